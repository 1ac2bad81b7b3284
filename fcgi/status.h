/* The reason phrases of HTTP statuses (RFC 9110 section 15), as CGI's Status header has them. */
#ifndef FCGI_STATUS_H
#define FCGI_STATUS_H

/* "Not Found" for 404; "" for a status that fastchat does not reply with. */
const char *status_reason(int status) __attribute__((returns_nonnull));

#endif
