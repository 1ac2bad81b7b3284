/* `fastchat nginx`: the options of the printed configuration. */
#include <string.h>

#include "fcgi/cli/commands.h"
#include "fcgi/cli/nginx.h"

static const char *
nginx_text(const struct arguments *a, const char *option, const char *otherwise)
{
    const char *text = argument_text(a, option);

    return text != NULL ? text : otherwise;
}

static int
nginx_print(const struct app *app, const struct arguments *a)
{
    const char *host = app->settings->app_host, *version = argument_text(a, "nginx");
    const char *tls = argument_text(a, "tls");
    char listen[300];
    struct nginx_options options = {
        .root = nginx_text(a, "root", "/usr/local/share/fastchat/web"),
        .sockets = nginx_text(a, "sockets", "/run/fastchat"),
        .tls = tls,
        .certificate = argument_text(a, "cert"),
        .key = argument_text(a, "key"),
        .redirect = nginx_text(a, "redirect", "80"),
        .cors_origins = app->settings->cors_origins,
        .held_per_address = app->settings->events_per_address,
        .per_address = app->settings->connections_per_address,
        .downloads = app->settings->downloads_at_once,
        .version = version != NULL ? nginx_version(version) : nginx_installed(),
    };

    (void)snprintf(listen, sizeof(listen), strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host,
                   app->settings->app_port);
    options.listen = nginx_text(a, "listen", tls != NULL ? "443" : listen);
    return nginx_write(app->router, &options, stdout) ? 0 : 1;
}

static int
nginx_command_run(const struct arguments *a)
{
    const char *version = argument_text(a, "nginx");

    if (version != NULL && nginx_version(version) == 0) {
        return command_usage_error(a, "--nginx takes a version such as 1.26.3, not %s", version);
    }
    if (argument_given(a, "tls") && (!argument_given(a, "cert") || !argument_given(a, "key"))) {
        return command_usage_error(a, "--tls also needs --cert and --key");
    }
    return command_with_app("nginx", a, nginx_print);
}

static const struct command_option nginx_options[] = {
    {.name = "listen", .value = "ADDRESS:PORT", .help = "default: APP_HOST and APP_PORT, or 443"},
    {.name = "root", .value = "DIR", .help = "the built web client"},
    {.name = "sockets", .value = "DIR", .help = "the FastCGI sockets (default: /run/fastchat)"},
    {.name = "tls", .value = "NAME", .help = "serve this name with TLS; needs --cert and --key"},
    {.name = "cert", .value = "FILE", .help = "the certificate chain"},
    {.name = "key", .value = "FILE", .help = "the private key"},
    {.name = "redirect", .value = "PORT", .help = "redirect this port to TLS (default: 80)"},
    {.name = "nginx", .value = "VERSION", .help = "the version of nginx (default: installed)"},
    {.name = NULL},
};
const struct command nginx_command = {
    .name = "nginx",
    .summary = "print nginx's configuration for the routes",
    .options = nginx_options,
    .run = nginx_command_run,
};
