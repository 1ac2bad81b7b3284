/*
 * While the echo is off, signals wait: one that arrives ends the wait for a line. It takes its
 * effect after the echo is on again; if that was to stop the program, it then asks again.
 */
#include "fcgi/cli/prompt.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static bool
prompt_fail(const char *why)
{
    (void)fprintf(stderr, "fastchat: %s\n", why);
    return false;
}

/* A line may end as on Windows. */
static bool
prompt_read_line(char line[static PROMPT_PASSWORD_SIZE])
{
    size_t len = 0;
    int c = getc(stdin);

    if (c == EOF) {
        return prompt_fail("there is no password on standard input");
    }
    for (; c != EOF && c != '\n'; c = getc(stdin)) {
        if (c == '\0') {
            return prompt_fail("a password cannot contain NUL");
        }
        if (len == PROMPT_PASSWORD_SIZE - 1) {
            return prompt_fail("the password is too long");
        }
        line[len++] = (char)c;
    }
    len -= len > 0 && line[len - 1] == '\r';
    line[len] = '\0';
    return true;
}

/* Waits for a line at the terminal. Returns false if one of the signals arrives first. */
static bool
prompt_wait(const sigset_t *signals)
{
    struct pollfd both[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = signalfd(-1, signals, SFD_CLOEXEC), .events = POLLIN},
    };
    bool has_line = poll(both, 2, -1) > 0 && both[1].revents == 0;

    (void)close(both[1].fd);
    return has_line;
}

static bool
prompt_at_terminal(const char *question, const char *name, char line[static PROMPT_PASSWORD_SIZE])
{
    struct termios shown, hidden;
    sigset_t signals, before;
    bool has_line, good = false;

    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        return prompt_fail("the terminal cannot be used");
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGQUIT);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGTSTP);
    do {
        (void)sigprocmask(SIG_BLOCK, &signals, &before);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
        (void)fprintf(stderr, "%s %s: ", question, name);
        has_line = prompt_wait(&signals);
        if (has_line) {
            good = prompt_read_line(line);
        }
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        (void)fputc('\n', stderr);
        (void)sigprocmask(SIG_SETMASK, &before, NULL); /* a signal that waits takes its effect */
    } while (!has_line);
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
    return strcmp(password, again) == 0 || prompt_fail("the two passwords differ");
}
