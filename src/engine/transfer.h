// From the database to the file: what every face that writes one does.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "penstock/engine.h"
#include "penstock/output.h"
#include "sink/output.h"

namespace penstock {

/// Called after each batch, and once before the first: rows written, and bytes of Arrow
/// data decoded.
using Transferred = std::function<void(std::int64_t rows, std::int64_t bytes)>;

/// Moves every row of `stream` into `output`, which must not have begun, and publishes
/// it, within the stream's time limit. One thread decodes while the caller's encodes.
/// `cancel` is the source of the token that `stream` obeys; it is asked to stop if the
/// output fails. Throws Error; the output is then gone.
OutputSummary transfer(BatchStream& stream, Output& output, const Provenance& provenance,
                       const std::stop_source& cancel, const std::stop_token& stop,
                       const Transferred& told = {});

}  // namespace penstock
