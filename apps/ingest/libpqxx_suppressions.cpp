// For the builds with a sanitizer only: what libpqxx 6.4 (Debian 12) is not to be blamed for by each of them.

// It drops the result of a statement during which the connection was lost (it asks for the client's encoding
// before the result has an owner, and that throws). A few kB for each loss; 7.x does not.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpqxx-6.4.so\n";
}

// Its table of encodings is a static of a function (enc_group, encodings.cxx), made by the first thread under
// the compiler's guard. A thread that finds it made sees so by loading the guard's byte, within the library,
// which is not instrumented: that makes the order right, and the sanitizer does not see it. What the library
// itself has memcmp and memcpy read and write is not looked at; its locks, and what libpq and our own code
// do beneath and beside it, are.
extern "C" const char* __tsan_default_suppressions() {
    return "called_from_lib:libpqxx-6.4.so\n";
}
