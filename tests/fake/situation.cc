// SPDX-License-Identifier: MIT
#include "situation.h"

#include <sys/mman.h>

#include <algorithm>
#include <deque>
#include <map>

#include "model/carry.h"
#include "monitor/attach.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

using namespace std::chrono_literals;
constexpr auto limit = 20s;

// How an object of a kind comes about: a request or an event of another kind.
struct Recipe {
  const Message* message = nullptr;
  bool event = false;
};
using Recipes = std::map<const Interface*, Recipe>;

// A sync is answered at once, and a compositor of old made shells: where the first way to make
// something is no way to have it, this is.
const Message* better_maker(const Interface& made) {
  if (&made == &protocol::wl_callback)
    return &protocol::wl_surface.requests[request::wl_surface::frame];
  return nullptr;
}

void add_makers(const Interface& of, Recipes& recipes, std::deque<const Interface*>& found) {
  const auto add = [&](const Message& message, bool event) {
    const auto arg = made_argument(message);
    const Interface* made = arg ? message.args[*arg].interface : nullptr;
    if (!made || recipes.contains(made)) return;
    const Message* better = better_maker(*made);
    if (better && better != &message) return;
    recipes[made] = {&message, event};
    found.push_back(made);
  };
  for (const Message& request : of.requests) add(request, false);
  for (const Message& event : of.events) add(event, true);
}

// The shortest way to each kind of object, from the display and the globals.
const Recipes& all_recipes() {
  static const Recipes recipes = [] {
    Recipes result;
    std::deque<const Interface*> found = {&protocol::wl_display};
    for (const BaselineGlobal& global : baseline()) {
      result[global.interface] = {};
      found.push_back(global.interface);
    }
    for (size_t i = 0; i < found.size(); ++i) add_makers(*found[i], result, found);
    return result;
  }();
  return recipes;
}

std::vector<FakeCompositor::Global> only_required() {
  std::vector<FakeCompositor::Global> globals;
  for (const BaselineGlobal& global : baseline())
    if (global.required) globals.push_back({std::string(global.interface->name), global.version});
  return globals;
}

UniqueFd some_file() {
  UniqueFd fd(check("memfd_create", ::memfd_create("situation", MFD_CLOEXEC)));
  write_all(fd.get(), std::string(64, 'x'));
  return fd;
}

}  // namespace

std::optional<size_t> made_argument(const Message& message) {
  const auto at = std::ranges::find(message.args, ArgType::new_id, &Argument::type);
  if (at == message.args.end()) return std::nullopt;
  return static_cast<size_t>(at - message.args.begin());
}

Compositors::Compositors(const Path& folder)
    : first_display(folder / "first"),
      second_display(folder / "second"),
      bare_display(folder / "bare"),
      first(first_display, whole_baseline()),
      second(second_display, whole_baseline()),
      bare(bare_display, only_required()) {}

Situation::Situation(Compositors& compositors) : compositors_(compositors) {
  auto [app, relay] = socket_pair();
  app_ = std::make_unique<FakeApp>(std::move(app));
  relay_ = std::make_unique<Relay>(std::move(relay));
  attach_to(compositors.first, compositors.first_display);
  registry_ = app_->make(protocol::wl_registry);
  app_->say(1, protocol::wl_display, "get_registry", {registry_});
  carry();
}

void Situation::attach_to(FakeCompositor& compositor, const Path& display) {
  at_ = &compositor;
  attach(*relay_, display.native(), limit);
}

void Situation::move() {
  attach_to(compositors_.second, compositors_.second_display);
}

void Situation::move_to_bare() {
  attach_to(compositors_.bare, compositors_.bare_display);
}

std::vector<Arrived> Situation::carry() {
  if (!cut_off_ && !relay_->drain_app()) cut_off_ = true;
  if (!cut_off_) relay_->round_trip(std::chrono::steady_clock::now() + limit);
  relay_->flush();
  return app_->hear();
}

uint32_t Situation::bind(const Interface& interface) {
  const uint32_t id =
      app_->bind(registry_, std::string(interface.name), baseline_version(interface));
  carry();
  return id;
}

bool Situation::reachable(const Interface& interface) {
  const Interface* at = &interface;
  uint32_t needed = 1;
  while (at != &protocol::wl_display) {
    const Recipe& recipe = all_recipes().at(at);
    if (!recipe.message) return baseline_version(*at) >= needed;
    needed = std::max<uint32_t>(needed, recipe.message->since);
    at = recipe.message->interface;
  }
  return true;
}

uint32_t Situation::object(const Interface& interface) {
  if (&interface == &protocol::wl_display) return 1;
  if (&interface == &protocol::wl_registry) return registry_;
  const Recipe& recipe = all_recipes().at(&interface);
  if (!recipe.message) return bind(interface);
  if (!recipe.event) return make_by(*recipe.message).made;
  const Saying saying = event(object(*recipe.message->interface), *recipe.message);
  tell(saying);
  carry();
  return saying.made;
}

Saying Situation::make_by(const Message& message) {
  const Saying saying = request(object(*message.interface), message);
  say(saying);
  carry();
  return saying;
}

Saying Situation::request(uint32_t object, const Message& message) {
  Saying saying{.message = &message, .object = object};
  fill(saying, End::app, false);
  return saying;
}

Saying Situation::event(uint32_t object, const Message& message, bool null) {
  Saying saying{.message = &message, .object = object};
  fill(saying, End::compositor, null);
  return saying;
}

void Situation::fill(Saying& saying, End speaker, bool null) {
  saying.words.resize(saying.message->args.size());
  saying.texts.resize(saying.message->args.size());
  // The new object's number last: what the message needs is made meanwhile, and numbers leave no
  // gap.
  for (const bool made : {false, true})
    for (size_t i = 0; i < saying.message->args.size(); ++i)
      if ((saying.message->args[i].type == ArgType::new_id) == made)
        fill_argument(saying, i, speaker, null);
}

void Situation::fill_argument(Saying& saying, size_t index, End speaker, bool null) {
  const Argument& arg = saying.message->args[index];
  uint32_t& word = saying.words[index];
  switch (arg.type) {
    case ArgType::string:
    case ArgType::array:
      saying.texts[index] = "say " + std::to_string(1000 + ++count_);
      break;
    case ArgType::object:
      if (!null || !arg.nullable)
        word = object(arg.interface ? *arg.interface : protocol::wl_region);
      break;
    case ArgType::new_id:
      // The relay counts the app's numbers of such objects from the same start.
      saying.made = word = speaker == End::app ? app_->make(*arg.interface)
                                               : raw(relay_->model().objects.next_server_id());
      break;
    case ArgType::fd:
      break;
    default:
      word = ++count_;
      if (arg.serial) word = speaker == End::app ? fresh_serial() : ++serial_;
  }
}

uint32_t Situation::fresh_serial() {
  if (keyboard_ == 0 || !model_of(keyboard_)) keyboard_ = object(protocol::wl_keyboard);
  const Message& enter = protocol::wl_keyboard.events[event::wl_keyboard::enter];
  const Saying saying = event(keyboard_, enter);
  tell(saying);
  serial_there_ = saying.words[0];
  const std::vector<Arrived> heard = carry();
  const auto entered = std::ranges::find(heard, &enter, &Arrived::message);
  CHECK(entered != heard.end());
  return entered->decoded().values[0].word;
}

std::vector<UniqueFd> Situation::files_for(const Message& message) {
  std::vector<UniqueFd> files;
  for (size_t i = 0; i < fd_count(message); ++i) files.push_back(some_file());
  return files;
}

// As the speaker calls them: the compositor has other numbers.
std::vector<Word> Situation::words_for(const Saying& saying, End speaker) {
  std::vector<Word> words;
  for (size_t i = 0; i < saying.words.size(); ++i) {
    const Argument& arg = saying.message->args[i];
    if (arg.type == ArgType::fd) continue;
    if (arg.type == ArgType::string || arg.type == ArgType::array)
      words.emplace_back(std::string_view(saying.texts[i]));
    else if (arg.type == ArgType::object && speaker == End::compositor)
      words.emplace_back(saying.words[i] ? there(saying.words[i]) : 0u);
    else if (arg.type == ArgType::new_id && speaker == End::compositor)
      words.emplace_back(next_server_id_++);
    else
      words.emplace_back(saying.words[i]);
  }
  return words;
}

void Situation::say(const Saying& saying) {
  for (UniqueFd& file : files_for(*saying.message)) app_->queue_fd(std::move(file));
  app_->say(saying.object, *saying.message, words_for(saying, End::app));
}

void Situation::tell(const Saying& saying) {
  at_->tell(there(saying.object), *saying.message, words_for(saying, End::compositor),
            files_for(*saying.message));
}

Object* Situation::model_of(uint32_t object) {
  Object* found = relay_->model().objects.by_app(AppId{object});
  return found && found->life == Life::alive ? found : nullptr;
}

uint32_t Situation::there(uint32_t object) {
  if (object == registry_) return raw(relay_->link()->registry());
  const Object* found = relay_->model().objects.by_app(AppId{object});
  return found ? raw(found->compositor_id) : 0;
}

bool Situation::same_argument(const Argument& arg, const Value& value, uint32_t word,
                              const std::string& text, End listener) {
  switch (arg.type) {
    case ArgType::fd:
      return true;
    case ArgType::string:
    case ArgType::array:
      return as_text(value.data) == text;
    case ArgType::object:
      // A value is named by what it was when it was used: by a copy, perhaps.
      if (word && arg.interface && listener == End::compositor && traits_of(*arg.interface).value)
        return value.word != 0;
      [[fallthrough]];
    case ArgType::new_id:
      return value.word == (word && listener == End::compositor ? there(word) : word);
    default:
      // The other side's serials are other numbers; that they are translated back shows where one
      // is compared with what it was (fresh_serial).
      return arg.serial || value.word == word;
  }
}

bool Situation::same(const Arrived& arrived, const Saying& saying, End listener) {
  if (arrived.message != saying.message) return false;
  if (arrived.object != (listener == End::app ? saying.object : there(saying.object))) return false;
  if (arrived.fds.size() != fd_count(*saying.message)) return false;
  const Decoded decoded = arrived.decoded();
  for (size_t i = 0; i < decoded.count; ++i)
    if (!same_argument(saying.message->args[i], decoded.values[i], saying.words[i], saying.texts[i],
                       listener))
      return false;
  return true;
}

bool Situation::same_at_compositor(const Arrived& arrived, const Saying& saying) {
  return same(arrived, saying, End::compositor);
}

bool Situation::same_at_app(const Arrived& arrived, const Saying& saying) {
  return same(arrived, saying, End::app);
}

size_t Situation::times_heard(const Saying& saying) {
  return static_cast<size_t>(std::ranges::count_if(
      at_->heard(), [&](const Arrived& arrived) { return same_at_compositor(arrived, saying); }));
}

size_t Situation::times_heard(const Message& message) {
  return static_cast<size_t>(std::ranges::count(at_->heard(), &message, &Arrived::message));
}

}  // namespace wayferry::test
