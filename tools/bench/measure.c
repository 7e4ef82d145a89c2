// Runs one command and writes what it cost, seen from outside, as one JSON line:
//   measure RESULT_FILE COMMAND [ARGUMENT...]
//
// Why a program and not the Python driver: Linux counts the memory that a process had
// before exec into its peak RSS, so a child of a 30 MB Python never shows less than 30
// MB. A child of this one starts with about 1 MB.
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: measure RESULT_FILE COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const double start = now_seconds();
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    fprintf(stderr, "measure: cannot run %s: %s\n", argv[2], strerror(errno));
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    fprintf(stderr, "measure: %s\n", strerror(errno));
    return 1;
  }
  const double wall = now_seconds() - start;

  FILE* result = fopen(argv[1], "w");
  if (result == NULL) {
    fprintf(stderr, "measure: cannot write %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  fprintf(result,
          "{\"exit\": %d, \"wall_s\": %.6f, \"user_s\": %.6f, \"system_s\": %.6f, "
          "\"peak_rss_kb\": %ld}\n",
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), wall,
          seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss);
  return fclose(result) == 0 ? 0 : 1;
}
