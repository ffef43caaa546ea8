// SPDX-License-Identifier: MIT
#include "script.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "stage.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"
#include "words.h"

namespace wayferry::test {
namespace {

enum Side : size_t { at_app, at_compositor };
constexpr const char* side_names[] = {"app", "compositor"};

// An object of the script, with its number at either end; 0 where it is not known yet.
struct Named {
  const Interface* interface = nullptr;
  uint32_t ids[2] = {};
};

struct Speech {
  std::string object;
  const Message* message = nullptr;
  std::vector<Term> terms;  // one an argument
};

UniqueFd file_with(const std::string& text) {
  UniqueFd fd(check("memfd_create", ::memfd_create("script", MFD_CLOEXEC)));
  write_all(fd.get(), text);
  return fd;
}

std::string contents(const UniqueFd& fd) {
  std::string text(256, '\0');
  text.resize(static_cast<size_t>(check("pread", ::pread(fd.get(), text.data(), text.size(), 0))));
  return text;
}

class Player {
 public:
  Player() {
    names_["display"] = {&protocol::wl_display, {1, 1}};
    stage_.change_compositor("");
    line(Line(0, "app says display.get_registry(new registry)"));
    bind("wayferry_test", "test");
    bind("wl_compositor", "maker");
    stage_.at_app.clear();
    stage_.at_compositor.clear();
  }

  void line(Line line) {
    if (line.take("app says"))
      say(at_app, line);
    else if (line.take("compositor says"))
      say(at_compositor, line);
    else if (line.take("app hears"))
      hear(at_app, line);
    else if (line.take("compositor hears"))
      hear(at_compositor, line);
    else if (line.take("app writes"))
      write(at_app, line);
    else if (line.take("compositor writes"))
      write(at_compositor, line);
    else
      act(line);
    if (!line.at_end()) line.fail("something is left over at the end of the line");
  }

  void end(size_t line) {
    for (const Side side : {at_app, at_compositor})
      if (!queue(side).empty())
        throw ScriptError(line, std::string("the ") + side_names[side] + " heard " +
                                    text(queue(side).front()) + " as well");
  }

 private:
  void act(Line& line) {
    if (line.take("app queues fd")) {
      stage_.app().queue_fd(file_with(line.quoted()));
    } else if (line.take("compositor queues fd")) {
      stage_.compositor().queue_fd(file_with(line.quoted()));
    } else if (line.take("app is cut off")) {
      if (!stage_.app_is_cut_off()) line.fail("the app is not cut off");
    } else if (line.take("compositor is lost")) {
      if (!stage_.compositor_is_lost()) line.fail("the compositor is not lost");
    } else if (line.take("compositor keeps ids")) {
      stage_.compositor_deletes_ids(false);
    } else if (line.take("compositor frees ids")) {
      stage_.compositor_deletes_ids(true);
    } else if (line.take("compositor changes without")) {
      change([&] { stage_.change_compositor(line.name()); });
    } else if (line.take("compositor changes")) {
      change([&] { stage_.change_compositor(""); });
    } else if (line.take("session travels")) {
      change([&] { stage_.travel(); });
    } else if (line.take("app is held")) {
      stage_.hold(true);
    } else if (line.take("app is let go")) {
      stage_.hold(false);
    } else {
      line.fail("no such line");
    }
  }

  template <typename Change>
  void change(Change to_another) {
    for (auto& [name, named] : names_)
      if (name != "display") named.ids[at_compositor] = 0;
    to_another();
    names_.at("registry").ids[at_compositor] = stage_.links_registry();
  }

  // The prelude's binds go by the registry's own numbers, which no script knows.
  void bind(const std::string& interface, const std::string& name) {
    const Interface& bound = *find_interface(interface);
    const uint32_t id =
        stage_.app().bind(names_.at("registry").ids[at_app], interface, baseline_version(bound));
    stage_.carry();
    const Arrived heard = stage_.at_compositor.back();
    names_[name] = {&bound, {id, heard.decoded().values[1].word}};
  }

  std::deque<Arrived>& queue(Side side) {
    return side == at_app ? stage_.at_app : stage_.at_compositor;
  }

  static std::string text(const Arrived& arrived) {
    return describe(arrived.object, *arrived.message, arrived.decoded());
  }

  Named& named(const Line& line, const std::string& name) {
    const auto at = names_.find(name);
    if (at == names_.end()) line.fail("there is no object " + name);
    return at->second;
  }

  uint32_t id_of(const Line& line, const std::string& name, Side side) {
    const uint32_t id = named(line, name).ids[side];
    if (id == 0) line.fail("the " + std::string(side_names[side]) + " has not heard of " + name);
    return id;
  }

  Speech speech(Line& line, bool request) {
    Speech speech{.object = line.name()};
    line.need(".");
    const Interface& interface = *named(line, speech.object).interface;
    const auto messages = request ? interface.requests : interface.events;
    const std::string name = line.name();
    const auto message = std::ranges::find(messages, name, &Message::name);
    if (message == messages.end())
      line.fail(std::string(interface.name) + " has no message " + name);
    speech.message = &*message;
    line.need("(");
    while (speech.terms.size() < message->args.size()) {
      if (!speech.terms.empty()) line.need(",");
      const Term term = line.term(message->args[speech.terms.size()]);
      for (size_t i = 1; i <= term.times; ++i) {
        speech.terms.push_back(term);
        if (term.times > 1) speech.terms.back().text += std::to_string(i);
      }
    }
    line.need(")");
    if (speech.terms.size() > message->args.size()) line.fail("too many arguments");
    return speech;
  }

  // Saying

  void say(Side side, Line& line) {
    const bool in_pieces = line.take("in pieces");
    const Speech said = speech(line, side == at_app);
    std::vector<Word> values;
    std::vector<UniqueFd> files;
    for (size_t i = 0; i < said.terms.size(); ++i) {
      if (said.message->args[i].type == ArgType::fd)
        files.push_back(file_with(said.terms[i].text));
      else
        values.push_back(value(line, side, said.message->args[i], said.terms[i]));
    }
    const uint32_t object = id_of(line, said.object, side);
    if (in_pieces)
      say_in_pieces(side, object, *said.message, values, std::move(files));
    else if (side == at_compositor)
      stage_.compositor().tell(object, *said.message, values, std::move(files));
    else
      say_as_app(object, *said.message, values, std::move(files));
    stage_.carry();
  }

  void say_as_app(uint32_t object, const Message& message, const std::vector<Word>& values,
                  std::vector<UniqueFd> files) {
    for (UniqueFd& file : files) stage_.app().queue_fd(std::move(file));
    stage_.app().say(object, message, values);
  }

  void say_in_pieces(Side side, uint32_t object, const Message& message,
                     const std::vector<Word>& values, std::vector<UniqueFd> files) {
    std::string bytes;
    encode(bytes, object, message, values);
    for (UniqueFd& file : files)
      side == at_app ? stage_.app().queue_fd(std::move(file))
                     : stage_.compositor().queue_fd(std::move(file));
    for (const char& byte : bytes) send(side, {&byte, 1});
  }

  void send(Side side, std::string_view bytes) {
    if (side == at_compositor) {
      stage_.compositor().send_raw(bytes);
      return stage_.pump_compositor();
    }
    stage_.app().say_raw(bytes);
    stage_.app().flush();
    stage_.pump_app();
  }

  Word value(const Line& line, Side side, const Argument& arg, const Term& term) {
    switch (term.kind) {
      case Term::Kind::number:
        return term.word;
      case Term::Kind::null:
        return 0u;
      case Term::Kind::text:
      case Term::Kind::block:
        return std::string_view(term.text);
      case Term::Kind::name:
      case Term::Kind::id_of:
        return id_of(line, term.text, side);
      case Term::Kind::made:
        return new_object(side, arg, term);
      default:
        line.fail("argument " + std::string(arg.name) + " cannot be said like this");
    }
  }

  uint32_t new_object(Side side, const Argument& arg, const Term& term) {
    uint32_t id = 0;
    if (side == at_compositor)
      id = term.wanted.value_or(next_server_id_++);
    else if (term.wanted)
      stage_.app().take(id = *term.wanted, *arg.interface);
    else
      id = stage_.app().make(*arg.interface);
    names_[term.text] = {arg.interface, {}};
    names_[term.text].ids[side] = id;
    return id;
  }

  void write(Side side, Line& line) {
    std::string bytes;
    while (!line.at_end()) bytes += raw_word(side, line);
    send(side, bytes);
    stage_.carry();
  }

  std::string raw_word(Side side, Line& line) {
    if (line.take("text")) return line.quoted();
    uint32_t word = 0;
    if (line.take("of")) {
      word = id_of(line, line.name(), side);
    } else {
      word = line.word(false);
      if (line.take(":")) word = word << 16 | line.word(false);
    }
    return {reinterpret_cast<const char*>(&word), sizeof word};
  }

  // Hearing

  void hear(Side side, Line& line) {
    const Speech expected = speech(line, side == at_compositor);
    const std::string who = std::string("the ") + side_names[side];
    if (queue(side).empty()) line.fail(who + " heard nothing more");
    const Arrived heard = std::move(queue(side).front());
    queue(side).pop_front();
    if (heard.message != expected.message || heard.object != id_of(line, expected.object, side))
      line.fail(who + " heard " + text(heard) + " instead");
    const Decoded decoded = heard.decoded();
    size_t files = 0;
    for (size_t i = 0; i < decoded.count; ++i) {
      const Argument& arg = heard.message->args[i];
      const std::string file =
          arg.type == ArgType::fd ? contents(*heard.fds.at(files++)) : std::string();
      if (!fits(line, side, arg, decoded.values[i], expected.terms[i], file))
        line.fail(who + " heard " + text(heard) + ", argument " + std::string(arg.name) +
                  " is another" + (arg.type == ArgType::fd ? ": \"" + file + "\"" : ""));
    }
  }

  bool fits(const Line& line, Side side, const Argument& arg, const Value& value, const Term& term,
            const std::string& file) {
    switch (term.kind) {
      case Term::Kind::anything:
        return true;
      case Term::Kind::number:
        return value.word == term.word;
      case Term::Kind::null:
        return value.word == 0;
      case Term::Kind::text:
        return value.word != 0 && as_text(value.data) == term.text;
      case Term::Kind::block:
        return as_text(value.data) == term.text;
      case Term::Kind::name:
      case Term::Kind::id_of:
        return value.word == id_of(line, term.text, side);
      case Term::Kind::file:
        return file == term.text;
      case Term::Kind::made:
        return learn(side, arg, value.word, term);
    }
    return false;
  }

  bool learn(Side side, const Argument& arg, uint32_t id, const Term& term) {
    Named& made = names_[term.text];
    if (arg.interface) made.interface = arg.interface;  // of a bind it is known
    made.ids[side] = id;
    return !term.wanted || *term.wanted == id;
  }

  Stage stage_;
  std::map<std::string, Named> names_;
  uint32_t next_server_id_ = 0xff000000;
};

}  // namespace

void play(const std::string& script) {
  Player player;
  std::istringstream stream(script);
  size_t number = 1;
  for (std::string text; std::getline(stream, text); ++number) {
    text.erase(std::min(text.find('#'), text.size()));
    const Line line(number, text);
    if (!line.at_end()) player.line(line);
  }
  player.end(number);
}

}  // namespace wayferry::test
