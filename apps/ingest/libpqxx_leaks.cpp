// For the address sanitizer's build only: libpqxx 6.4 drops the result of a statement during which the
// connection was lost (it asks for the client's encoding before the result has an owner, and that throws). A
// few kB for each loss; 7.x does not.

extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpqxx-6.4.so\n";
}
