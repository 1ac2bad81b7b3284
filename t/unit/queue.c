/* The queue between threads: order, and shares of what waits. */
#include "fcgi/events/queue.h"
#include "t/unit/tap.h"

static struct message messages[10];

/* The numbers of a list of messages, as text. */
static const char *
numbers_of(const struct message *first)
{
    static char text[64];
    size_t len = 0;

    for (; first != NULL; first = first->next) {
        text[len++] = (char)('0' + (first - messages));
    }
    text[len] = '\0';
    return text;
}

int
main(void)
{
    struct queue queue;

    queue_open(&queue);
    for (int i = 0; i < 10; i++) {
        queue_put(&queue, &messages[i]);
    }
    is_str(numbers_of(queue_wait(&queue, 0)), "0", "one message is taken, the oldest");
    is_str(numbers_of(queue_wait_share(&queue, 0, 2, 64)), "12345", "half of nine is five");
    is_str(numbers_of(queue_wait_share(&queue, 0, 2, 1)), "6", "no more are taken than asked for");
    queue_put(&queue, &messages[0]);
    is_str(numbers_of(queue_take_all(&queue)), "7890", "all are taken in order");
    ok(queue_wait_share(&queue, 0, 2, 64) == NULL, "an empty queue has no share");
    queue_put(&queue, &messages[1]);
    is_str(numbers_of(queue_wait_share(&queue, 0, 2, 64)), "1", "a share is one message at least");
    queue_put(&queue, &messages[2]);
    queue_close(&queue);
    ok(queue_wait_share(&queue, -1, 1, 64) == NULL, "a closed queue has nothing for its threads");
    is_str(numbers_of(queue_take_all(&queue)), "2",
           "a closed queue still gives up all that is in it");
    queue_free(&queue);
    return done_testing();
}
