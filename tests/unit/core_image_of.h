// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "criu/fields.h"
#include "criu/image.h"

namespace wayferry {

/// CRIU's core image with this one record.
inline std::string core_image_of(const std::string& record) {
  std::string image = image_head(core_magic);
  put_record(image, record);
  return image;
}

}  // namespace wayferry
