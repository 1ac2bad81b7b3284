/*
 * A vocabulary is a closed list of words that is stored as a number and shown as a word. It exists
 * once, as a list macro; enum, words and the OpenAPI document are made from it:
 *
 *     #define ROOM_KINDS(WORD) WORD(ROOM_GROUP, "group") WORD(ROOM_DM, "dm")
 *     enum room_kind { ROOM_KINDS(VOCABULARY_CONSTANT) };
 *     const char *const room_kind_words[] = {ROOM_KINDS(VOCABULARY_WORD) NULL};
 *
 * The numbers are stored in the database: add new words at the end. SQL binds the constants.
 */
#ifndef BASE_VOCABULARY_H
#define BASE_VOCABULARY_H

#define VOCABULARY_CONSTANT(constant, word) constant,
#define VOCABULARY_WORD(constant, word) [constant] = (word),

#endif
