/* The subcommands of `fastchat user` that make, change and end accounts. */
#ifndef FCGI_CLI_USER_ACCOUNT_H
#define FCGI_CLI_USER_ACCOUNT_H

#include "fcgi/cli/command.h"

int user_add_run(const struct arguments *a) __attribute__((nonnull));
int user_set_password_run(const struct arguments *a) __attribute__((nonnull));
int user_disable_run(const struct arguments *a) __attribute__((nonnull));
int user_enable_run(const struct arguments *a) __attribute__((nonnull));
int user_sign_out_run(const struct arguments *a) __attribute__((nonnull));
int user_delete_run(const struct arguments *a) __attribute__((nonnull));

#endif
