// What LeakSanitizer may find in a fuzz target and is not ours.
// libfyaml 0.7.12 (fy_atom_format_text, fy_atom_is_number) returns early without its
// fy_atom_iter_finish, so a scalar it cannot render, which is refused, keeps a few KiB.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml.so\n"; }
