/* One user has a quarter of the turns; who is put off comes in the order of arrival. */
#include "fcgi/turns.h"

#include "t/unit/tap.h"

enum { ANN = 7, BOB = 8, THREADS = 8 };

static struct turns turns;

static struct turn
asked(int64_t user_id)
{
    struct turn turn = {.turns = &turns};

    (void)!turn_take(&turn, user_id);
    return turn;
}

static void
check_order(void)
{
    struct turn first = asked(ANN), second = asked(ANN), third = asked(ANN), fourth = asked(ANN);
    struct turn other = asked(BOB), late;
    struct waiting_turn a, b;

    ok(first.taken && second.taken, "a user has a quarter of the turns");
    ok(turn_is_put_off(&third) && turn_is_put_off(&fourth), "further requests are put off");
    ok(other.taken, "another user has turns of their own");
    ok(turn_wait(&third, &a) && turn_wait(&fourth, &b), "they wait");
    ok(turn_end(&other) == NULL, "the end of another user's turn is not theirs");
    ok(turn_end(&first) == &a, "the first that was put off comes first");
    third = asked(ANN);
    ok(third.taken, "a request that was put off takes the turn that has ended");
    ok(turn_end(&second) == &b, "the next one comes next");
    late = (struct turn){.turns = &turns, .user_id = ANN};
    ok(turn_end(&late) == NULL, "a request that took no turn leaves nothing");
    ok(turn_end(&third) == NULL, "nobody waits any more");
}

static void
check_no_wait(void)
{
    struct turn first = asked(ANN), second = asked(ANN), third = asked(ANN);
    struct waiting_turn a;

    ok(turn_end(&first) == NULL && !turn_wait(&third, &a),
       "a request does not wait if a turn has ended since it asked");
    ok(turn_end(&second) == NULL, "it is not in the list");
}

static void
check_passed_on(void)
{
    struct turn first = asked(ANN), second = asked(ANN), third = asked(ANN), fourth = asked(ANN);
    struct waiting_turn a, b;

    (void)!turn_wait(&third, &a);
    (void)!turn_wait(&fourth, &b);
    ok(turn_end(&first) == &a, "a request has its turn");
    third = (struct turn){.turns = &turns, .user_id = ANN};
    ok(turn_end(&third) == &b, "if its session has ended, the next one has the turn");
    ok(turn_end(&second) == NULL, "no request is left over");
}

int
main(void)
{
    turns_open(&turns, THREADS, 0, true);
    check_order();
    check_no_wait();
    check_passed_on();
    turns_close(&turns);

    turns_open(&turns, 1, 0, true);
    ok(asked(ANN).taken, "a process of one thread serves every user");
    turns_close(&turns);
    return done_testing();
}
