// The sanitizers' options of a sanitizer build; the environment's ASAN_OPTIONS,
// TSAN_OPTIONS and UBSAN_OPTIONS still win.

extern "C" {

// Arrow's library is not instrumented, so what it does to a container is not seen and
// would look like an overflow.
__attribute__((visibility("default"), used)) const char* __asan_default_options() {
  return "detect_container_overflow=0:detect_stack_use_after_return=1:check_"
         "initialization_order=1:"
         "strict_string_checks=1:external_symbolizer_path=/usr/bin/addr2line";
}

__attribute__((visibility("default"), used)) const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}

// Tests of locks fork.
__attribute__((visibility("default"), used)) const char* __tsan_default_options() {
  return "die_after_fork=0:halt_on_error=1:second_deadlock_stack=1:ignore_"
         "noninstrumented_modules=0";
}

// A mutex of Arrow's libraries is let go of at exit without having been seen taken, since
// they are not instrumented. Nothing of our own stands here.
__attribute__((visibility("default"), used)) const char* __tsan_default_suppressions() {
  return "mutex:libarrow.so\n";
}
}
