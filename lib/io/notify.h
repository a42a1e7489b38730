/*
 * notify: tells who started this program that it is ready (sd_notify(3)):
 * one datagram to the socket that $NOTIFY_SOCKET names, if it is there.
 */
#ifndef LIB_IO_NOTIFY_H
#define LIB_IO_NOTIFY_H

/* A failure is logged: the one who waits gives up by itself. */
void notify_ready(void);

#endif
