/* The handlers of the users group; what each answers stands above it in views.c. */
#ifndef ROUTES_USERS_VIEWS_H
#define ROUTES_USERS_VIEWS_H

#include "routes/frame/request.h"

void sign_up(struct request *req, const void *input);
void search_users(struct request *req, const void *input);
void get_me(struct request *req, const void *input);
void change_me(struct request *req, const void *input);
void change_password(struct request *req, const void *input);
void get_user(struct request *req, const void *input);
void sign_in(struct request *req, const void *input);
void list_sessions(struct request *req, const void *input);
void sign_out(struct request *req, const void *input);
void end_session(struct request *req, const void *input);

#endif
