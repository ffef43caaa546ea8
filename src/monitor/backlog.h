// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "util/unique_fd.h"
#include "wire/channel.h"
#include "wire/protocol.h"

// The events that wait for an app that does not read, and no more of them than it is worth.
//
// What says the same again, or newer, takes the place of what waits (backlog_rules.h has the
// table); a focus that came and went leaves nothing; input goes in whole strokes: above a limit a
// key, button or finger that goes down is left out together with its way up, so that the app never
// believes one held that is not. The oldest input stays, as in any keyboard buffer.
//
// What cannot be thinned out is kept up to a second limit, behind which the relay leaves the
// compositor and comes back when the app reads again: an attach tells it everything anew.

namespace wayferry {

class Backlog {
 public:
  struct Sizes {
    size_t entries, bytes, files;
  };
  struct Limits {
    // Some screens full of typing. An entry takes about 200 bytes: so it is one megabyte at the
    // first limit and four at the second, which no compositor should ever reach. A process has 1024
    // descriptors unless told otherwise, and every pool of the app has one of them.
    Sizes much{4096, 256u << 10, 64};
    Sizes too_much{16384, 1u << 20, 256};
  };

  Backlog() = default;
  explicit Backlog(Limits limits) : limits_(limits), next_(quarter(limits.much)) {}

  void push(const Message& event, uint32_t object, std::string body, std::vector<UniqueFd> files);

  bool empty() const { return live_ == 0; }
  /// Nothing waits, and nothing was left out of which the other half is still to come.
  bool idle() const { return waiting_.empty() && left_out_.empty(); }
  /// What goes up from now on went down elsewhere: there is another compositor.
  void forget_strokes() { left_out_.clear(); }
  size_t size() const { return live_; }
  size_t bytes() const { return bytes_; }
  size_t files() const { return files_; }
  /// Input is left out from here on.
  bool full() const { return reaches(limits_.much); }
  /// The app's requests can wait, they would only bring more.
  bool lags() const { return full() || answers_ >= limits_.much.entries; }
  bool overflows() const { return reaches(limits_.too_much); }

  /// Hands events over until `out` has that many bytes to send.
  void move_to(WireChannel& out, size_t bytes);

  /// The app's numbers of offers that it will never hear of: they are superseded before it was
  /// told.
  std::vector<uint32_t> take_unheard();

 private:
  struct Waiting {
    const Message* event;
    uint32_t object;
    std::string body;
    std::vector<UniqueFd> files;
    bool dead = false;
  };
  // What waits for one object, as far as it matters for what comes next. Places count from the
  // first event that ever waited.
  struct Line {
    std::vector<size_t> run;           // what can be added to: since the last that must stay
    std::optional<size_t> last_group;  // where its last group ends
    size_t group_size = 0;             // events since
    bool has_groups = false;
  };
  using Stroke = std::pair<uint32_t, uint32_t>;  // object, key or button or finger

  static Sizes quarter(const Sizes& of) { return {of.entries / 4, of.bytes / 4, of.files / 4}; }
  bool reaches(const Sizes& limit) const {
    return live_ - answers_ >= limit.entries || bytes_ >= limit.bytes || files_ >= limit.files;
  }
  Waiting& at(size_t place) { return waiting_[place - first_]; }
  bool in_group(uint32_t object) const;
  void append(const Message& event, uint32_t object, std::string body, std::vector<UniqueFd> files);
  void kill(Waiting& waiting);
  bool left_out(const Message& event, uint32_t object, const std::string& body);
  bool add_to_run(const Message& event, uint32_t object, std::string& body,
                  std::vector<UniqueFd>& files);
  bool close_group(const Message& event, uint32_t object, std::string& body);
  void supersede(const Message& event, uint32_t object, const std::string& body);
  void replace(Waiting& waiting, std::string body, std::vector<UniqueFd> files);
  void note(size_t place);
  void thin_out();
  void drop_focus_pairs();
  void drop_between(size_t opening, size_t closing);
  void drop_unheard_offers();
  void drop_empty_groups();
  void bury();

  std::deque<Waiting> waiting_;
  size_t first_ = 0;  // the place of waiting_[0]
  size_t live_ = 0, answers_ = 0, bytes_ = 0, files_ = 0;
  Limits limits_;
  Sizes next_ = quarter(limits_.much);  // at which it is worth while to look through it all
  std::map<uint32_t, Line> lines_;
  // Where the newest of what is superseded by its like stands: object, event, key.
  std::map<std::tuple<uint32_t, uint16_t, std::string>, size_t> newest_;
  std::set<Stroke> left_out_;
  std::vector<uint32_t> unheard_;
};

}  // namespace wayferry
