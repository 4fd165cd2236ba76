// For the builds with a sanitizer only, part of each program: what libraries, which are not instrumented,
// are not to be blamed for by each of them.

// libpqxx 6.4 (Debian 12) drops the result of a statement during which the connection was lost (it asks for
// the client's encoding before the result has an owner, and that throws). A few kB for each loss; 7.x does
// not.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libpqxx-6.4.so\n";
}

// What these libraries themselves have memcmp, memcpy and free read and write is not looked at: what puts it
// in order happens within them, where the sanitizer does not see it. Their locks, and what libpq and our own
// code do beneath and beside them, are.
//
// libpqxx: its table of encodings is a static of a function (enc_group, encodings.cxx), made by the first
// thread under the compiler's guard. A thread that finds it made sees so by loading the guard's byte.
//
// libcrypto: certificates and keys are counted by references, with atomic operations; the last to let go
// frees what another has read.
extern "C" const char* __tsan_default_suppressions() {
    return "called_from_lib:libpqxx-6.4.so\n"
           "called_from_lib:libcrypto.so\n";
}
