/* The handlers of the messages group; what each answers stands above it in views.c. */
#ifndef ROUTES_MESSAGES_VIEWS_H
#define ROUTES_MESSAGES_VIEWS_H

#include "routes/frame/request.h"

void send_message(struct request *req, const void *input);
void list_messages(struct request *req, const void *input);
void mark_read(struct request *req, const void *input);
void sync_now(struct request *req, const void *input);

#endif
