// SPDX-License-Identifier: MIT
#include "session/monitor_client.h"

#include "session/frame.h"
#include "util/error.h"

namespace wayferry {
namespace {

using control::Reply;
using control::Request;

// From control.proto.
constexpr uint32_t longest_message = 1u << 30;

// The slowest request is adopt, which waits for the compositor's answers; the probes needed 7 ms.
// A monitor that takes this long hangs, and the app must not stay frozen for it.
constexpr std::chrono::seconds answer_limit{15};

const std::string control_socket = "the monitor's control socket";

Failure monitor_gone() {
  return {"", "the session's monitor has ended", "wayferry logs NAME --monitor says why"};
}

template <typename Message>
void set_pids(Message& message, const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) message.add_pids(pid);
}

}  // namespace

std::optional<MonitorClient> MonitorClient::connect(const Path& control) {
  auto socket = connect_unix(control);
  if (!socket) return std::nullopt;
  return MonitorClient(std::move(*socket));
}

std::optional<std::string> MonitorClient::exchange(const Request& request) {
  try {
    write_frame(socket_.get(), request);
    if (!wait_readable(socket_.get(), answer_limit))
      throw Failure("", "the session's monitor does not answer");
    return read_frame(socket_.get(), longest_message, control_socket);
  } catch (const SystemError& error) {
    // A monitor that ends without having read the request resets the connection.
    if (error.error() == EPIPE || error.error() == ECONNRESET) return std::nullopt;
    throw;
  }
}

Reply MonitorClient::ask(const Request& request, Reply::ReplyCase expected) {
  const auto bytes = exchange(request);
  if (!bytes) throw monitor_gone();
  Reply reply;
  parse_frame(reply, *bytes, control_socket);
  if (reply.has_error()) throw Failure("", reply.error().text(), reply.error().cure());
  if (reply.reply_case() != expected)
    throw ProtocolError(control_socket, "an answer to another question");
  return reply;
}

void MonitorClient::watch(pid_t init) {
  Request request;
  request.mutable_watch()->set_init_pid(init);
  ask(request, Reply::kDone);
}

control::StatusReply MonitorClient::status() {
  Request request;
  request.mutable_status();
  return ask(request, Reply::kStatus).status();
}

void MonitorClient::barrier(std::chrono::milliseconds limit) {
  Request request;
  request.mutable_barrier()->set_limit_ms(static_cast<uint32_t>(limit.count()));
  ask(request, Reply::kDone);
}

control::Sealed MonitorClient::seal(const std::vector<pid_t>& pids) {
  Request request;
  set_pids(*request.mutable_seal(), pids);
  return std::move(*ask(request, Reply::kSealed).mutable_sealed());
}

void MonitorClient::unseal() {
  Request request;
  request.mutable_unseal();
  ask(request, Reply::kDone);
}

void MonitorClient::hold_until_told() {
  Request request;
  request.mutable_hold_until_told();
  ask(request, Reply::kDone);
}

void MonitorClient::dismiss() {
  Request request;
  request.mutable_dismiss();
  ask(request, Reply::kDone);
}

std::vector<std::string> MonitorClient::check_globals(const std::vector<control::Global>& needed) {
  Request request;
  auto& check = *request.mutable_check_globals();  // said even if an app without windows needs none
  for (const control::Global& global : needed) *check.add_needed() = global;
  const Reply reply = ask(request, Reply::kGlobalsChecked);
  return {reply.globals_checked().missing().begin(), reply.globals_checked().missing().end()};
}

control::Attached MonitorClient::switch_to(const std::string& display) {
  Request request;
  request.mutable_switch_()->set_display(display);
  return ask(request, Reply::kAttached).attached();
}

control::Attached MonitorClient::adopt(std::string state, const std::vector<pid_t>& pids) {
  Request request;
  request.mutable_adopt()->set_state(std::move(state));
  set_pids(*request.mutable_adopt(), pids);
  return ask(request, Reply::kAttached).attached();
}

void MonitorClient::go(pid_t init) {
  Request request;
  request.mutable_go()->set_init_pid(init);
  ask(request, Reply::kDone);
}

}  // namespace wayferry
