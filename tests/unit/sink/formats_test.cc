#include <arrow/util/compression.h>

#include "penstock/output.h"
#include "sink/writer.h"
#include "sink_testing.h"

namespace penstock {
namespace {

std::string shown(std::string_view path) {
  const auto found = format_of_path(path);
  if (!found) return "nothing";
  return std::string(to_string(found->format)) + (found->gzip ? " gzip" : "");
}

TEST(Formats, AnExtensionInAnyCaseSaysTheFormat) {
  EXPECT_EQ(shown("a.parquet"), "parquet");
  EXPECT_EQ(shown("out/A.PARQUET"), "parquet");
  EXPECT_EQ(shown("a.csv"), "csv");
  EXPECT_EQ(shown("a.b.Csv.gZ"), "csv gzip");
  EXPECT_EQ(shown("a.jsonl"), "jsonl");
  EXPECT_EQ(shown("a.jsonl.gz"), "jsonl gzip");
  EXPECT_EQ(shown("a.arrow"), "arrow");
  EXPECT_EQ(shown("a.ipc"), "arrow");
  EXPECT_EQ(shown("a.arrows"), "arrows");
}

TEST(Formats, OtherPathsSayNothing) {
  for (const char* path :
       {"", "-", "a", "a.", "csv", "a.csv/b", "a.parquet.gz", "a.gz", ".gz", "a.arrow.gz",
        "a.json", "a.csv.zst", "a.csv ", "dir.csv/"}) {
    EXPECT_EQ(shown(path), "nothing") << path;
  }
}

TEST(Formats, ANameIsReadBack) {
  for (const auto format : {Format::kParquet, Format::kCsv, Format::kJsonLines,
                            Format::kArrowFile, Format::kArrowStream}) {
    EXPECT_EQ(parse_format(to_string(format)), format);
  }
  EXPECT_EQ(parse_format("IPC"), Format::kArrowFile);
}

// RS-024
TEST(Formats, AnUnknownNameIsAUsageErrorThatListsThem) {
  EXPECT_EQ(thrown_by([] { parse_format("feather\n"); }),
            (Thrown{Category::kUsage, "unknown_format", "unknown format 'feather\\x0a'",
                    "known: parquet, csv, jsonl, arrow, arrows, ipc"}));
  EXPECT_EQ(traits(Category::kUsage).exit_code, 2);
}

TEST(Compressions, ANameAndALevelAreRead) {
  EXPECT_EQ(parse_compression("zstd").codec, "zstd");
  EXPECT_EQ(parse_compression("zstd").level, std::nullopt);
  EXPECT_EQ(parse_compression(" ZSTD : 19 ").codec, "zstd");
  EXPECT_EQ(parse_compression("zstd:19").level, 19);
  EXPECT_EQ(parse_compression("none").codec, "none");
}

TEST(Compressions, ABadOneIsAUsageErrorThatSaysWhatIsPossible) {
  EXPECT_EQ(thrown_by([] { parse_compression("zip"); }),
            (Thrown{Category::kUsage, "unknown_compression", "unknown compression 'zip'",
                    "known: none, snappy, gzip, brotli, zstd, lz4"}));
  for (const char* level : {"0", "23", "-1", "", "3x", "99999999999"}) {
    EXPECT_EQ(thrown_by([&] { parse_compression(std::string("zstd:") + level); }),
              (Thrown{Category::kUsage, "compression_level",
                      "'" + std::string(level) + "' is no level of zstd",
                      "levels of zstd: 1 to 22"}));
  }
  EXPECT_EQ(thrown_by([] { parse_compression("snappy:1"); }),
            (Thrown{Category::kUsage, "compression_level",
                    "compression snappy takes no level", "write snappy"}));
}

TEST(Compressions, EveryLevelWeTakeIsOneThatArrowHas) {
  for (const char* text : {"gzip:1", "gzip:9", "brotli:1", "brotli:11", "zstd:1",
                           "zstd:22", "lz4:1", "lz4:12"}) {
    const Compression compression = parse_compression(text);
    const auto codec = arrow_codec(compression, false);
    EXPECT_GE(*compression.level,
              value_or_die(arrow::util::Codec::MinimumCompressionLevel(codec)))
        << text;
    EXPECT_LE(*compression.level,
              value_or_die(arrow::util::Codec::MaximumCompressionLevel(codec)))
        << text;
    const TempFolder folder;
    auto options = options_for(folder / "a.parquet", Format::kParquet);
    options.compression = compression;
    EXPECT_GT(write_all(options, {numbers(0, 100)}).bytes, 0) << text;
  }
}

TEST(Compressions, ACodecThatTheFormatLacksIsRefusedBeforeAnythingIsMade) {
  const TempFolder folder;
  const auto refused = [&](Format format, const char* codec, bool gzip = false) {
    auto options = options_for(folder / "new/out", format);
    options.gzip = gzip;
    if (*codec != '\0') options.compression = parse_compression(codec);
    return thrown_by([&] { Output(options, {}, {}); });
  };
  EXPECT_EQ(refused(Format::kCsv, "zstd"),
            (Thrown{Category::kUsage, "compression_not_possible",
                    "csv output takes no --compression",
                    "name the file .csv.gz to have it gzipped"}));
  EXPECT_EQ(refused(Format::kArrowFile, "snappy"),
            (Thrown{Category::kUsage, "compression_not_possible",
                    "arrow output cannot be compressed with snappy",
                    "known: none, lz4, zstd"}));
  EXPECT_EQ(refused(Format::kParquet, "", true),
            (Thrown{Category::kUsage, "gzip_not_possible",
                    "parquet output cannot be gzipped as a whole",
                    "leave .gz off; --compression compresses inside the file"}));
  EXPECT_EQ(folder.names(), std::vector<std::string>{});
  EXPECT_EQ(refused(Format::kCsv, "none"), Thrown{});
}

}  // namespace
}  // namespace penstock
