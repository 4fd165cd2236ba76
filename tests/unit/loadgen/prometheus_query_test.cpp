#include "loadgen/efficiency/prometheus_query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beastmark::loadgen::efficiency {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(prometheus_query, is_encoded_behind_where_its_pages_begin) {
    const range_query what{"sum(a:b{job=\"x y\"})", 1'700'000'000.25, 1'700'000'030, 5};
    const std::string query =
        "/api/v1/query_range?query=sum%28a%3Ab%7Bjob%3D%22x%20y%22%7D%29&start=1700000000.250"
        "&end=1700000030.000&step=5.000";
    EXPECT_EQ(path_of("/", what), query);
    EXPECT_EQ(path_of("/prometheus/", what), "/prometheus" + query);
}

TEST(prometheus_query, samples_are_read_as_prometheus_writes_them) {
    const auto found = read_answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{},"values":[[1700000000,"0.25"],[1700000005.781,"1e-07"],[1700000010,"NaN"],[1700000015,"+Inf"],[1700000020,"2"]]}]}})");
    EXPECT_EQ(found.error, "");
    EXPECT_THAT(found.t_s, ElementsAre(1'700'000'000, 1'700'000'005.781, 1'700'000'020));
    EXPECT_THAT(found.values, ElementsAre(0.25, 1e-7, 2));
}

TEST(prometheus_query, a_series_that_it_does_not_know_is_no_error) {
    const auto found = read_answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
    EXPECT_EQ(found.error, "");
    EXPECT_THAT(found.t_s, IsEmpty());
}

TEST(prometheus_query, what_it_says_is_wrong_is_passed_on) {
    const auto refused = read_answer(
        400, R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\""})");
    EXPECT_EQ(refused.error, "bad_data: invalid parameter \"query\"");
    EXPECT_EQ(read_answer(404, "404 page not found").error, "status 404");
}

TEST(prometheus_query, what_is_not_of_a_prometheus_is_an_error) {
    for (const char* const body : {"", "<html>", "null", "[]", R"({"status":"success"})",
                                   R"({"status":"success","data":{"resultType":"vector","result":[]}})",
                                   R"({"status":"success","data":{"resultType":"matrix","result":7}})"})
        EXPECT_THAT(read_answer(200, body).error, HasSubstr("not that of a Prometheus")) << body;
    const auto odd = read_answer(200, R"({"status":"success","data":{"resultType":"matrix","result":[
        {"values":[[1],["1","2"],[1,2],null,[1,"2 "],[3,"4"]]}]}})");
    EXPECT_THAT(odd.values, ElementsAre(4));
    EXPECT_EQ(odd.error, "");
}

} // namespace
} // namespace beastmark::loadgen::efficiency
