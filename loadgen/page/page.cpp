#include "loadgen/page/page.hpp"

#include <cstddef>

// Bytes of files between two symbols. The assembler reads them: no array of numbers to compile.
#define FILE_BYTES(path) ".incbin \"" path "\"\n"
#define EMBED(name, files)                                                                                   \
    asm(".pushsection .rodata\n"                                                                             \
        ".global beastmark_page_" #name "\n"                                                                 \
        "beastmark_page_" #name ":\n" files ".global beastmark_page_" #name "_end\n"                         \
        "beastmark_page_" #name "_end:\n"                                                                    \
        ".byte 0\n"                                                                                          \
        ".popsection\n");                                                                                    \
    extern "C" const char beastmark_page_##name[];                                                           \
    extern "C" const char beastmark_page_##name##_end[];

#define PAGE_FILE(name) FILE_BYTES(BEASTMARK_PAGE_DIR "/" name)

EMBED(html, PAGE_FILE("page.html"))
EMBED(style, PAGE_FILE("page.css"))
EMBED(chart_library, FILE_BYTES(BEASTMARK_CHART_JS))
EMBED(script, PAGE_FILE("format.js") PAGE_FILE("model.js") PAGE_FILE("words.js") PAGE_FILE("dom.js")
                  PAGE_FILE("tip.js") PAGE_FILE("axes.js") PAGE_FILE("bands.js") PAGE_FILE("chart.js")
                      PAGE_FILE("heatmap.js") PAGE_FILE("spectrum.js") PAGE_FILE("knee.js")
                          PAGE_FILE("rates.js") PAGE_FILE("capacity.js") PAGE_FILE("efficiency.js")
                              PAGE_FILE("recovery.js") PAGE_FILE("compared.js") PAGE_FILE("comparison.js")
                                  PAGE_FILE("paired.js") PAGE_FILE("panels.js") PAGE_FILE("tables.js")
                                      PAGE_FILE("addresses.js") PAGE_FILE("requests.js") PAGE_FILE("main.js"))

namespace beastmark::loadgen::page {
namespace {

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

std::string_view html() {
    return between(beastmark_page_html, beastmark_page_html_end);
}

std::string_view style() {
    return between(beastmark_page_style, beastmark_page_style_end);
}

std::string_view chart_library() {
    return between(beastmark_page_chart_library, beastmark_page_chart_library_end);
}

std::string_view script() {
    return between(beastmark_page_script, beastmark_page_script_end);
}

} // namespace beastmark::loadgen::page
