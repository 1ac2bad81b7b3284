/* The echo is turned on again also if the line cannot be read. */
#include "fcgi/cli/prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static bool
prompt_read_line(char line[static PROMPT_PASSWORD_SIZE])
{
    size_t len;

    if (fgets(line, PROMPT_PASSWORD_SIZE, stdin) == NULL) {
        (void)fputs("fastchat: there is no password on standard input\n", stderr);
        return false;
    }
    len = strcspn(line, "\n");
    if (line[len] == '\0' && len == PROMPT_PASSWORD_SIZE - 1) {
        (void)fputs("fastchat: the password is too long\n", stderr);
        return false;
    }
    line[len] = '\0';
    return true;
}

static bool
prompt_at_terminal(const char *question, const char *name, char line[static PROMPT_PASSWORD_SIZE])
{
    struct termios shown, hidden;
    bool good;

    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        (void)fputs("fastchat: the terminal cannot be used\n", stderr);
        return false;
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    (void)fprintf(stderr, "%s %s: ", question, name);
    good = prompt_read_line(line);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)fputc('\n', stderr);
    return good;
}

bool
prompt_password(const char *name, char password[static PROMPT_PASSWORD_SIZE])
{
    char again[PROMPT_PASSWORD_SIZE];

    if (isatty(STDIN_FILENO) == 0) {
        return prompt_read_line(password);
    }
    if (!prompt_at_terminal("The new password of", name, password) ||
        !prompt_at_terminal("The same again for", name, again)) {
        return false;
    }
    if (strcmp(password, again) != 0) {
        (void)fputs("fastchat: the two passwords differ\n", stderr);
        return false;
    }
    return true;
}
