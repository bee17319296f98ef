/* Receives from the sockets whose numbers are its arguments, and does nothing with what comes: the least that
 * watching can cost. `floor.py` connects and plays, then becomes this program. */

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_EVENTS = 64, BUFFER_BYTES = 256 << 10 };

static char buffer[BUFFER_BYTES];

int main(int count, char **arguments)
{
    int poll = epoll_create1(0);
    for (int i = 1; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = atoi(arguments[i])};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
            return 1;
    }
    for (;;) {
        struct epoll_event events[MOST_EVENTS];
        int ready = epoll_wait(poll, events, MOST_EVENTS, -1);
        for (int i = 0; i < ready; i++)
            if (read(events[i].data.fd, buffer, sizeof buffer) <= 0)
                return 1; /* the camera has gone: the measurement is void */
    }
}
