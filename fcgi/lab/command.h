/* `fastchat lab`: the experiment on a terminal. */
#ifndef FCGI_LAB_COMMAND_H
#define FCGI_LAB_COMMAND_H

/* words[0] is "lab"; the process's exit status. */
int lab_command(int count, char **words);

#endif
