// SPDX-License-Identifier: MIT
#include "engine/image.h"

#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

using Json = nlohmann::json;

// In the store, each in a folder named by its digest: rootfs/ and config.json (as the image has
// it).
constexpr const char* root_name = "rootfs";
constexpr const char* config_name = "config.json";

enum class Kind { archive, layout, folder };

struct Source {
  Kind kind;
  Path path;
  std::string tag;  // of an OCI layout; empty: the only one
};

Source classify(const std::string& reference) {
  if (std::filesystem::is_regular_file(reference)) return {Kind::archive, reference, {}};
  Path folder = reference;
  std::string tag;
  if (const size_t colon = reference.rfind(':');
      colon != reference.npos && !std::filesystem::exists(folder)) {
    folder = reference.substr(0, colon);
    tag = reference.substr(colon + 1);
  }
  if (std::filesystem::exists(folder / "oci-layout")) return {Kind::layout, folder, tag};
  if (std::filesystem::is_directory(folder)) return {Kind::folder, folder, {}};
  throw Failure("", "there is no image at " + reference,
                "name a docker-archive file, an OCI layout or an unpacked root file system");
}

std::string skopeo_name(const Source& source) {
  if (source.kind == Kind::archive) return "docker-archive:" + source.path.native();
  return "oci:" + source.path.native() + (source.tag.empty() ? "" : ":" + source.tag);
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find_first_of(" \n"));
}

// The digest of some text, by the program every system has.
std::string sha256_of_file(const Path& file) {
  return "sha256:" + first_word(run_checked({"sha256sum", file.native()}));
}

// A folder has no digest of its own: that of its archive in a fixed order, without times.
std::string sha256_of_folder(const Path& folder) {
  const std::string script =
      "tar --sort=name --mtime=@0 --numeric-owner --xattrs --format=pax "
      "--pax-option=delete=atime,delete=ctime -cf - -C \"$1\" . | sha256sum";
  return "sha256:" + first_word(run_checked({"sh", "-euc", script, "sh", folder.native()}));
}

void unpack(const Source& source, const Path& staging) {
  const Path root = staging / root_name;
  if (source.kind == Kind::folder) {
    run_checked({"cp", "--archive", source.path.native(), root.native()});
    write_file(staging / config_name, "{}");
    return;
  }
  // umoci reads OCI layouts only, and wants a tag.
  const Path layout = staging / "layout";
  run_checked(
      {"skopeo", "copy", "--quiet", skopeo_name(source), "oci:" + layout.native() + ":image"});
  run_checked({"umoci", "raw", "unpack", "--image", layout.native() + ":image", root.native()});
  std::filesystem::remove_all(layout);
}

std::string read_digest(const Source& source, const Path& staging) {
  if (source.kind == Kind::folder) return sha256_of_folder(source.path);
  // The digest of the configuration, which names the contents of every layer: Docker's "image id".
  const Path config = staging / config_name;
  write_file(config, run_checked({"skopeo", "inspect", "--raw", "--config", skopeo_name(source)}));
  return sha256_of_file(config);
}

Path make_staging(const Path& store) {
  std::filesystem::create_directories(store);
  std::string name = (store / ".new-XXXXXX").native();
  if (!::mkdtemp(name.data())) throw SystemError(errno, "mkdtemp", name);
  return name;
}

std::vector<std::string> strings(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || !found->is_array()) return {};
  return found->get<std::vector<std::string>>();
}

ImageDefaults defaults_from(const Json& config) {
  ImageDefaults defaults;
  if (!config.is_object()) return defaults;
  defaults.argv = strings(config, "Entrypoint");
  for (const std::string& word : strings(config, "Cmd")) defaults.argv.push_back(word);
  defaults.environment = strings(config, "Env");
  defaults.working_directory = config.value("WorkingDir", "");
  if (defaults.working_directory.empty()) defaults.working_directory = "/";
  defaults.user = config.value("User", "");
  return defaults;
}

}  // namespace

bool has_image(const std::string& digest, const Path& store) {
  return digest.starts_with("sha256:") && digest.find('/') == digest.npos &&
         std::filesystem::exists(store / digest / config_name);
}

std::string import_image(const std::string& reference, const Path& store) {
  const Source source = classify(reference);
  const Path staging = make_staging(store);
  const Undo undo([&] {
    std::error_code ignored;  // a left-over of ours, hidden, harmless
    std::filesystem::remove_all(staging, ignored);
  });
  const std::string digest = read_digest(source, staging);
  if (has_image(digest, store)) return digest;
  unpack(source, staging);
  std::filesystem::permissions(staging, std::filesystem::perms(0755));
  std::error_code error;
  std::filesystem::rename(staging, store / digest, error);
  // Somebody else imported the same image meanwhile: theirs is as good.
  if (error && !has_image(digest, store))
    throw SystemError(error.value(), "rename", (store / digest).native());
  return digest;
}

// The configuration comes last: an image of which only a part has arrived is none.
ImageCommands stored_image_commands(const std::string& digest, const Path& store) {
  const std::string folder = (store / digest).relative_path();
  const std::string config = folder + "/" + config_name;
  return {
      .has = "test -e /" + config,
      .save = "tar -C / --xattrs --numeric-owner -cf - " + folder + "/" + root_name + " " + config,
      .load = "tar -C / --xattrs --numeric-owner -xpf -"};
}

Path image_root(const std::string& digest, const Path& store) {
  if (!has_image(digest, store))
    throw Failure("", "the image " + digest + " is not on this host",
                  "wayferry run --image imports it");
  return store / digest / root_name;
}

ImageDefaults image_defaults(const std::string& digest, const Path& store) {
  const auto text = read_file(store / digest / config_name);
  if (!text) throw Failure("", "the image " + digest + " is not on this host");
  const Json image = Json::parse(*text, nullptr, false);
  return defaults_from(image.is_object() ? image.value("config", Json::object()) : Json::object());
}

ImageDefaults image_defaults_of(const std::string& config) {
  return defaults_from(Json::parse(config, nullptr, false));
}

}  // namespace wayferry
