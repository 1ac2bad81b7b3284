/* The command line of the program. */
#ifndef FCGI_CLI_CLI_H
#define FCGI_CLI_CLI_H

/*
 * Runs the command args[1] with the arguments after it, or prints the help or the version. Returns
 * the exit status: 2 for arguments that are not understood, after a line on stderr.
 */
int cli_run(int count, char **args) __attribute__((nonnull));

#endif
