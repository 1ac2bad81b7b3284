/* `fastchat user …`: who there is, and who of them is an admin. */
#ifndef FCGI_CLI_USER_COMMAND_H
#define FCGI_CLI_USER_COMMAND_H

/* words[0] is "user"; the process's exit status. */
int user_command(int count, char **words);

#endif
