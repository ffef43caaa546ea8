// SPDX-License-Identifier: MIT
#include "move/requests.h"

namespace wayferry {

using transfer::ToTarget;

void require_request(const ToTarget& request, ToTarget::MessageCase kind) {
  if (request.has_abort()) throw Aborted();
  if (request.message_case() != kind)
    throw ProtocolError("message from the source", "out of order");
}

ToTarget next_request(Link& link) {
  ToTarget request;
  do link.receive(request, silence_limit);
  while (request.has_patience());
  if (request.has_abort()) throw Aborted();
  return request;
}

}  // namespace wayferry
