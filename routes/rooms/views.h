/* The handlers of the rooms group; what each answers stands above it in views.c. */
#ifndef ROUTES_ROOMS_VIEWS_H
#define ROUTES_ROOMS_VIEWS_H

#include "routes/frame/request.h"

void make_room(struct request *req, const void *input);
void list_rooms(struct request *req, const void *input);
void get_room(struct request *req, const void *input);
void change_room(struct request *req, const void *input);
void list_members(struct request *req, const void *input);
void put_member(struct request *req, const void *input);
void remove_member(struct request *req, const void *input);
void put_dm(struct request *req, const void *input);

#endif
