// SPDX-License-Identifier: MIT
#include "monitor/backlog.h"

#include <algorithm>
#include <iterator>

#include "model/carry.h"
#include "model/recorded.h"
#include "monitor/backlog_rules.h"
#include "wire/encode.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// A group that does not end (an old pointer has no frames) is none.
constexpr size_t longest_group = 64;

uint32_t stroke_number(const Message& event, const std::string& body) {
  const std::string key = backlog_key(event, body);
  uint32_t number = 0;
  if (key.size() == sizeof number) std::memcpy(&number, key.data(), sizeof number);
  return number;
}

// Up is 0, wherever there is a state.
bool goes_down(const Message& event, const std::string& body) {
  Decoded decoded;
  decode(event, bytes_of(body), decoded);
  return value_of(event, decoded, "state").word != 0;
}

bool is_answer(const Message& event) {
  return backlog_rule(event).thinning == Thinning::answer;
}

bool begins_focus(const Message& event) {
  return event_carry(event).rule == EventRule::until &&
         backlog_rule(event).thinning == Thinning::keep;
}

bool ends_focus(const Message& event) {
  return event_carry(event).rule == EventRule::ends &&
         backlog_rule(event).thinning == Thinning::keep;
}

// What has a meaning only between the two ends of a focus. What carries a file (a keymap) stays.
bool belongs_to_focus(const Message& event) {
  const Thinning thinning = backlog_rule(event).thinning;
  return thinning != Thinning::keep && thinning != Thinning::answer &&
         thinning != Thinning::latest && fd_count(event) == 0;
}

const Argument* made_offer(const Message& event) {
  const auto arg = std::ranges::find_if(event.args, [](const Argument& a) {
    return a.type == ArgType::new_id && (a.interface == &protocol::wl_data_offer ||
                                         a.interface == &protocol::zwp_primary_selection_offer_v1);
  });
  return arg == event.args.end() ? nullptr : &*arg;
}

uint32_t word_of(const Message& event, const std::string& body, const Argument& arg) {
  Decoded decoded;
  decode(event, bytes_of(body), decoded);
  return value_of(event, decoded, arg.name).word;
}

}  // namespace

void Backlog::push(const Message& event, uint32_t object, std::string body,
                   std::vector<UniqueFd> files) {
  if (left_out(event, object, body) || add_to_run(event, object, body, files) ||
      close_group(event, object, body))
    return;
  if (backlog_rule(event).thinning == Thinning::latest) supersede(event, object, body);
  append(event, object, std::move(body), std::move(files));
  if (waiting_.size() >= next_.entries || bytes_ >= next_.bytes || files_ >= next_.files)
    thin_out();
}

void Backlog::append(const Message& event, uint32_t object, std::string body,
                     std::vector<UniqueFd> files) {
  ++live_;
  if (is_answer(event)) ++answers_;
  bytes_ += body.size();
  files_ += files.size();
  waiting_.push_back({&event, object, std::move(body), std::move(files)});
  note(first_ + waiting_.size() - 1);
}

void Backlog::replace(Waiting& waiting, std::string body, std::vector<UniqueFd> files) {
  bytes_ += body.size() - waiting.body.size();
  files_ += files.size() - waiting.files.size();
  waiting.body = std::move(body);
  waiting.files = std::move(files);
}

void Backlog::kill(Waiting& waiting) {
  if (std::exchange(waiting.dead, true)) return;
  replace(waiting, {}, {});
  --live_;
  if (is_answer(*waiting.event)) --answers_;
}

// Whether it is the way up of what was left out, or would be the way down of it.
bool Backlog::left_out(const Message& event, uint32_t object, const std::string& body) {
  const Thinning thinning = backlog_rule(event).thinning;
  if (thinning == Thinning::text) return full() && !in_group(object);
  if (thinning == Thinning::keep && ends_focus(event))  // lets go of everything
    std::erase_if(left_out_, [&](const Stroke& stroke) { return stroke.first == object; });
  if (thinning == Thinning::keep || thinning == Thinning::answer || thinning == Thinning::latest ||
      thinning == Thinning::group)
    return false;
  const Stroke stroke{object, stroke_number(event, body)};
  const bool down =
      thinning == Thinning::down || (thinning == Thinning::stroke && goes_down(event, body));
  if (down && full() && !in_group(object)) left_out_.insert(stroke);
  const bool out = left_out_.contains(stroke);
  const bool up = thinning == Thinning::up || (thinning == Thinning::stroke && !down);
  if (up) left_out_.erase(stroke);
  return out;
}

bool Backlog::in_group(uint32_t object) const {
  const auto line = lines_.find(object);
  return line != lines_.end() && line->second.group_size > 0 &&
         line->second.group_size < longest_group && line->second.has_groups;
}

bool Backlog::add_to_run(const Message& event, uint32_t object, std::string& body,
                         std::vector<UniqueFd>& files) {
  const Thinning thinning = backlog_rule(event).thinning;
  if (thinning != Thinning::run && thinning != Thinning::sum) return false;
  const auto line = lines_.find(object);
  if (line == lines_.end()) return false;
  const std::string key = backlog_key(event, body);
  for (const size_t place : line->second.run) {
    if (place < first_) continue;  // it is on its way
    Waiting& older = at(place);
    if (older.event != &event || backlog_key(event, older.body) != key) continue;
    if (thinning == Thinning::sum) body = backlog_sum(event, older.body, std::move(body));
    replace(older, std::move(body), std::move(files));
    return true;
  }
  return false;
}

// The end of a group of which everything was added to earlier ones, or left out.
bool Backlog::close_group(const Message& event, uint32_t object, std::string& body) {
  if (backlog_rule(event).thinning != Thinning::group) return false;
  const auto line = lines_.find(object);
  if (line == lines_.end() || !line->second.last_group || line->second.group_size > 0) return false;
  if (*line->second.last_group >= first_)
    replace(at(*line->second.last_group), std::move(body), {});
  return true;
}

void Backlog::supersede(const Message& event, uint32_t object, const std::string& body) {
  const auto older = newest_.find({object, event.opcode, backlog_key(event, body)});
  if (older != newest_.end() && older->second >= first_) kill(at(older->second));
}

void Backlog::note(size_t place) {
  const Waiting& waiting = at(place);
  const Thinning thinning = backlog_rule(*waiting.event).thinning;
  if (thinning == Thinning::latest) {
    newest_[{waiting.object, waiting.event->opcode, backlog_key(*waiting.event, waiting.body)}] =
        place;
    return;
  }
  Line& line = lines_[waiting.object];
  if (thinning == Thinning::group) {
    line.last_group = place;
    line.has_groups = true;
    line.group_size = 0;
    return;
  }
  ++line.group_size;
  if (thinning == Thinning::run || thinning == Thinning::sum)
    line.run.push_back(place);
  else
    line.run.clear();
}

void Backlog::thin_out() {
  drop_focus_pairs();
  drop_unheard_offers();
  drop_empty_groups();
  bury();
  const Sizes more = quarter(limits_.much);
  next_ = {waiting_.size() + more.entries, bytes_ + more.bytes, files_ + more.files};
}

void Backlog::drop_focus_pairs() {
  std::map<uint32_t, std::vector<size_t>> open;  // by object
  for (size_t place = first_; place < first_ + waiting_.size(); ++place) {
    Waiting& waiting = at(place);
    if (waiting.dead) continue;
    if (begins_focus(*waiting.event)) open[waiting.object].push_back(place);
    if (!ends_focus(*waiting.event)) continue;
    auto& openings = open[waiting.object];
    const auto opening = std::ranges::find_if(openings, [&](size_t other) {
      const Waiting& begun = at(other);
      return event_carry(*begun.event).closing == waiting.event->opcode &&
             same_objects(*begun.event, begun.body, *waiting.event, waiting.body);
    });
    if (opening == openings.end()) continue;
    drop_between(*opening, place);
    openings.erase(opening);
  }
}

void Backlog::drop_between(size_t opening, size_t closing) {
  const uint32_t object = at(opening).object;
  for (size_t place = opening + 1; place < closing; ++place) {
    Waiting& between = at(place);
    if (!between.dead && between.object == object && belongs_to_focus(*between.event))
      kill(between);
  }
  kill(at(opening));
  kill(at(closing));
}

// An offer that was introduced, described and superseded, all unread. The newest of a device may be
// about to be named.
void Backlog::drop_unheard_offers() {
  std::map<uint32_t, uint32_t> newest;  // device → offer
  std::set<uint32_t> named;
  std::set<uint32_t> made;
  for (Waiting& waiting : waiting_) {
    if (waiting.dead) continue;
    if (const Argument* offer = made_offer(*waiting.event)) {
      newest[waiting.object] = word_of(*waiting.event, waiting.body, *offer);
      made.insert(newest[waiting.object]);
    }
    for_each_object(*waiting.event, waiting.body,
                    [&](uint32_t word, uint32_t /*offset*/) { named.insert(word); });
  }
  for (const auto& [device, offer] : newest) named.insert(offer);
  std::erase_if(made, [&](uint32_t offer) { return named.contains(offer); });
  if (made.empty()) return;
  for (Waiting& waiting : waiting_) {
    if (waiting.dead) continue;
    const Argument* offer = made_offer(*waiting.event);
    if (made.contains(waiting.object) ||
        (offer && made.contains(word_of(*waiting.event, waiting.body, *offer))))
      kill(waiting);
  }
  unheard_.insert(unheard_.end(), made.begin(), made.end());
}

void Backlog::drop_empty_groups() {
  struct Group {
    bool killed = false;
    bool living = false;
  };
  std::map<uint32_t, Group> groups;
  for (Waiting& waiting : waiting_) {
    Group& group = groups[waiting.object];
    const bool end = backlog_rule(*waiting.event).thinning == Thinning::group;
    if (end && group.killed && !group.living) kill(waiting);
    if (end)
      group = {};
    else
      (waiting.dead ? group.killed : group.living) = true;
  }
}

void Backlog::bury() {
  std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.dead; });
  first_ = 0;
  lines_.clear();
  newest_.clear();
  for (size_t place = 0; place < waiting_.size(); ++place) note(place);
}

void Backlog::move_to(WireChannel& out, size_t bytes) {
  while (!waiting_.empty() && out.output_size() < bytes) {
    Waiting& next = waiting_.front();
    if (!next.dead) {
      encode_body(out.out(), next.object, next.event->opcode, next.body);
      for (UniqueFd& file : next.files) out.queue_fd(std::move(file));
      kill(next);
    }
    waiting_.pop_front();
    ++first_;
  }
  if (!waiting_.empty()) return;
  lines_.clear();
  newest_.clear();
  next_ = quarter(limits_.much);
}

std::vector<uint32_t> Backlog::take_unheard() {
  return std::exchange(unheard_, {});
}

}  // namespace wayferry
