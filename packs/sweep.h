/*
 * sweep: what cofferd runs from time to time over HOME/git/packs: entries that
 * were not used for AGE ms go, then the longest unused until MAX bytes are
 * left, and the folders of projects whose repository is no more.  An entry
 * that is followed meanwhile stays readable for those who have it open.
 * Prints one line of key=value for cofferd's log.
 */
#ifndef PACKS_SWEEP_H
#define PACKS_SWEEP_H

int sweep_main(
    const char *packs, const char *repos, const char *max, const char *age);

#endif
