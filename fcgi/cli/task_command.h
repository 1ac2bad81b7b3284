/* `fastchat task …`: what an operator sees and does of background tasks. */
#ifndef FCGI_CLI_TASK_COMMAND_H
#define FCGI_CLI_TASK_COMMAND_H

/* words[0] is "task"; the process's exit status. */
int task_command(int count, char **words);

#endif
