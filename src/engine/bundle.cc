// SPDX-License-Identifier: MIT
#include "engine/bundle.h"

#include <nlohmann/json.hpp>

#include "engine/cgroup.h"

namespace wayferry {
namespace {

using Json = nlohmann::json;

Json mount(const char* type, const char* destination, std::vector<std::string> options) {
  return {{"type", type}, {"source", type}, {"destination", destination}, {"options", options}};
}

Json bind(const Path& folder, const std::string& destination, std::vector<std::string> options) {
  options.insert(options.begin(), {"bind", "nosuid", "nodev"});
  return {{"type", "bind"},
          {"source", folder.native()},
          {"destination", destination},
          {"options", options}};
}

// No /sys and no mqueue: apps do without, and each mount costs a dump and a restore milliseconds.
// /proc is read only as a whole, which protects sysctls and sysrq; the usual masks over its parts
// would be ten more mounts.
Json mounts(const ContainerSpec& spec, const ContainerDirs& dirs) {
  Json all = {
      mount("proc", "/proc", {"nosuid", "nodev", "noexec", "ro"}),
      mount("devpts", "/dev/pts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      bind(BundlePaths(dirs).run, "/run", {"rw"}),
      bind(dirs.display, "/run/wayferry", {"rw", "noexec"}),
  };
  for (const Volume& volume : spec.volumes)
    all.push_back(bind(volume.source, volume.target, {volume.read_only ? "ro" : "rw"}));
  return all;
}

// What a program needs to manage its own files and children as root of its container; nothing that
// reaches the kernel's settings, devices or raw network. Another user has none of them.
Json capabilities(const AppUser& user) {
  const Json set = {"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                    "CAP_FSETID", "CAP_KILL",         "CAP_SETGID",
                    "CAP_SETUID", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE"};
  const Json in_force = user.uid == 0 ? set : Json::array();
  return {{"bounding", set}, {"effective", in_force}, {"permitted", in_force}};
}

Json process(const ContainerSpec& spec) {
  std::vector<std::string> environment = base_environment(spec.user);
  environment.insert(environment.end(), spec.environment.begin(), spec.environment.end());
  return {
      {"terminal", false},
      {"user", {{"uid", spec.user.uid}, {"gid", spec.user.gid}}},
      {"args", spec.argv},
      {"env", environment},
      {"cwd", spec.working_directory},
      {"capabilities", capabilities(spec.user)},
      {"noNewPrivileges", true},
  };
}

Json linux_part(const std::string& name, const BundlePaths& paths) {
  return {
      {"namespaces",
       {{{"type", "mount"}},
        {{"type", "pid"}},
        {{"type", "ipc"}},
        {{"type", "uts"}},
        {{"type", "cgroup"}},
        {{"type", "network"}, {"path", paths.namespaces.network.native()}}}},
      {"cgroupsPath", cgroup_path(name)},
      {"resources", {{"devices", {{{"allow", false}, {"access", "rwm"}}}}}},
  };
}

}  // namespace

std::vector<std::string> base_environment(const AppUser& user) {
  return {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=" + user.home,
      "USER=" + user.name,
      "LANG=C.UTF-8",
      "XDG_RUNTIME_DIR=" + user.runtime_folder(),
      "XDG_SESSION_TYPE=wayland",
      "WAYLAND_DISPLAY=/run/wayferry/wayland-0",
      "GDK_BACKEND=wayland",
      "QT_QPA_PLATFORM=wayland",
      "GSK_RENDERER=cairo",       // memory of a GPU cannot be moved:
      "LIBGL_ALWAYS_SOFTWARE=1",  // everything is drawn in the app's own
  };
}

std::string bundle_config(const ContainerSpec& spec, const ContainerDirs& dirs, CriuOptions criu) {
  const BundlePaths paths(dirs);
  Json config = {
      {"ociVersion", "1.0.2"},
      {"hostname", spec.name},
      {"root", {{"path", paths.root.native()}, {"readonly", false}}},
      {"process", process(spec)},
      {"mounts", mounts(spec, dirs)},
      {"linux", linux_part(spec.name, paths)},
  };
  if (criu == CriuOptions::annotation)
    config["annotations"] = {{"org.criu.config", paths.criu.native()}};
  return config.dump(2) + "\n";
}

std::vector<Path> mount_points(const std::string& config) {
  const Json parsed = Json::parse(config);
  std::vector<Path> points;
  for (const Json& mount : parsed.at("mounts"))
    points.emplace_back(mount.at("destination").get<std::string>());
  return points;
}

}  // namespace wayferry
