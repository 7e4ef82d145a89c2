// The sanitizers' options of a sanitizer build; the environment's ASAN_OPTIONS and
// UBSAN_OPTIONS still win.

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
}
