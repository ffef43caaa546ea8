// SPDX-License-Identifier: MIT
// Ferry files: written and read, plain and as OCI archives; damaged at every part, they are
// refused.
#include <gtest/gtest.h>

#include <fstream>

#include "fake/fake_host.h"
#include "ferry/ferry_reader.h"
#include "ferry/ferry_writer.h"
#include "ferry/oci_archive.h"
#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

class FerryFile : public testing::Test {
 protected:
  FerryFile() {
    transfer::Offer offer;
    offer.set_container(
        R"({"name":"term","argv":["foot"],"environment":[],)"
        R"("working_directory":"/","base_kind":"rootfs","base":"/srv/desktop","volumes":[],"network":"none"})");
    offer.set_engine("runc");
    offer.set_memory_bytes(12345);
    offer.add_globals()->set_interface("wl_compositor");
    offer.mutable_globals(0)->set_version(6);
    offer.set_move_id("not for the file");
    transfer::Facts machine;
    machine.set_architecture("x86_64");
    machine.add_cpu_features("avx2");
    machine.set_criu_version("4.1.1");
    manifest_ = manifest_for(offer, machine, "0.1.0");
  }

  FerryWriter::Digests write(const Path& file) const {
    FerryWriter writer(file, manifest_);
    writer.add(ferry_entry::state, "the state");
    writer.add("checkpoint/pages-1.img", pages_);
    writer.add("checkpoint/empty.img", "");
    return writer.finish();
  }

  static std::map<std::string, std::string> read(const Path& file) {
    std::map<std::string, std::string> entries;
    FerryReader reader(file);
    while (const auto name = reader.next()) {
      std::string& all = entries[*name];
      for (std::string more = reader.piece(); !more.empty(); more = reader.piece()) all += more;
    }
    return entries;
  }

  std::string read_error(const std::string& bytes) const {
    std::ofstream(damaged_, std::ios::binary) << bytes;
    try {
      read(damaged_);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  static std::string bytes_of_file(const Path& file) { return read_file(file).value(); }

  static std::string random_bytes(size_t size) {
    std::string bytes(size, '\0');
    uint32_t state = 1;
    for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
  }

  fake::TemporaryFolder folder_;
  const Path file_ = folder_.path() / "term.ferry";
  const Path damaged_ = folder_.path() / "damaged.ferry";
  const std::string pages_ = random_bytes(3'000'000);  // several pieces
  Manifest manifest_;
};

TEST_F(FerryFile, HoldsWhatWasPutIn) {
  write(file_);
  const auto entries = read(file_);
  EXPECT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries.at("wayferry/state"), "the state");
  EXPECT_TRUE(entries.at("checkpoint/pages-1.img") == pages_);
  EXPECT_EQ(entries.at("checkpoint/empty.img"), "");
  EXPECT_TRUE(is_ferry_file(file_));
}

TEST_F(FerryFile, BeginsWithItsManifest) {
  write(file_);
  const Manifest manifest = FerryReader(file_).manifest();
  EXPECT_EQ(manifest.program_version, "0.1.0");
  EXPECT_EQ(manifest.frozen_at, manifest_.frozen_at);
  EXPECT_EQ(manifest.offer.memory_bytes(), 12345u);
  EXPECT_EQ(manifest.offer.globals(0).interface(), "wl_compositor");
  EXPECT_EQ(manifest.offer.move_id(), "") << "each thaw is a move of its own";
  EXPECT_EQ(manifest.machine.cpu_features(0), "avx2");
  EXPECT_EQ(manifest.kernel, manifest_.kernel);
}

TEST_F(FerryFile, IsALayerOfAnOciArchive) {
  const auto digests = write(file_);
  EXPECT_EQ(digests.packed, digest_of(bytes_of_file(file_)));
  const Path archive = folder_.path() / "term.oci.tar";
  write_oci_archive(archive, file_, digests, manifest_);
  EXPECT_TRUE(is_ferry_file(archive));
  EXPECT_TRUE(read(archive) == read(file_));
  EXPECT_EQ(FerryReader(archive).manifest().host, manifest_.host);
}

TEST_F(FerryFile, DoesNotReplaceAnother) {
  std::ofstream(file_) << "precious";
  EXPECT_THROW(write(file_), SystemError);
  EXPECT_EQ(bytes_of_file(file_), "precious");
}

TEST_F(FerryFile, CutOffAnywhereItIsRefused) {
  write(file_);
  const std::string whole = bytes_of_file(file_);
  for (const size_t left : {size_t{10}, size_t{400}, whole.size() / 2, whole.size() - 40}) {
    const std::string error = read_error(whole.substr(0, left));
    EXPECT_NE(error.find(damaged_.native()), std::string::npos) << left << ": " << error;
  }
}

TEST_F(FerryFile, DamagedAnywhereItIsRefused) {
  write(file_);
  const std::string whole = bytes_of_file(file_);
  for (size_t at = 100; at < whole.size() - 100; at += whole.size() / 20) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    EXPECT_NE(read_error(damaged), "") << "at " << at;
  }
}

// What zstd cannot notice, because it was packed so.
TEST_F(FerryFile, ChangedContentsAreRefused) {
  const auto with_sums = [&](const std::string& sums) {
    std::string packed;
    Compressor compressor([&](std::string_view piece) { packed += piece; });
    PlainTar tar([&](std::string_view piece) { compressor.add(piece); });
    tar.add(ferry_entry::manifest, to_json(manifest_));
    tar.add(ferry_entry::state, "another state");
    if (!sums.empty()) tar.add(ferry_entry::checksums, sums);
    tar.finish();
    compressor.finish();
    return read_error(packed);
  };
  const std::string first = "{\"manifest.json\":\"" + digest_of(to_json(manifest_)) + "\"";
  const std::string right = ",\"wayferry/state\":\"" + digest_of("another state") + "\"";
  EXPECT_EQ(with_sums(first + right + "}"), "");
  EXPECT_NE(with_sums(first + ",\"wayferry/state\":\"" + digest_of("the state") + "\"}")
                .find("wayferry/state: damaged: its checksum is another"),
            std::string::npos);
  EXPECT_NE(with_sums(first + right + ",\"checkpoint/gone.img\":\"00\"}").find("not there"),
            std::string::npos);
  EXPECT_NE(with_sums("no json").find("not a list of checksums"), std::string::npos);
  EXPECT_NE(with_sums("").find("cut off"), std::string::npos);
}

TEST_F(FerryFile, ForeignFilesAreRefused) {
  for (const std::string& foreign :
       {std::string("just a text\n"), std::string(), random_bytes(5000)})
    EXPECT_NE(read_error(foreign).find("is not a file of wayferry freeze"), std::string::npos);
  EXPECT_FALSE(is_ferry_file(damaged_));
  std::string tar_bytes;
  PlainTar tar([&](std::string_view piece) { tar_bytes += piece; });
  tar.add("readme.txt", "a tar stream of somebody else");
  tar.finish();
  EXPECT_NE(read_error(tar_bytes).find("is not a file of wayferry freeze"), std::string::npos);
}

TEST_F(FerryFile, AnotherFormatIsRefusedWithBothNumbers) {
  std::string text = to_json(manifest_);
  text.replace(text.find("\"format\": 2"), 11, "\"format\": 7");
  try {
    manifest_from_json(text, "x.ferry");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what())
                  .find("format is 7, written by wayferry 0.1.0; this "
                        "wayferry reads format 2"),
              std::string::npos)
        << failure.what();
  }
}

}  // namespace
}  // namespace wayferry
