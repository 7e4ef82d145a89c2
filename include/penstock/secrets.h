// Stage: faces/task. Where secrets are kept, and how they are read (FT-009).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "penstock/environment.h"
#include "penstock/secret.h"
#include "penstock/task.h"

namespace penstock {

/// One place where secrets are kept: nothing if it does not have this one. Throws Error
/// only if it has it and cannot read it.
using SecretProvider = std::function<std::optional<Secret>(const SecretRef&)>;

/// Environment variables, the first that is set: PENSTOCK_SECRET_<GROUP>_<KEY> (every
/// character that is no letter or digit becomes '_'), then Flyte's
/// _FSEC_<GROUP>_<GROUP_VERSION>_<KEY>, whose prefix FLYTE_SECRETS_ENV_PREFIX changes. A
/// part that is empty is left out, with its '_'.
SecretProvider environment_secrets(const Environment& environment);

/// Flyte's files: /etc/secrets/<group>/<group_version>/<key>, in lower case, read without
/// blanks around; FLYTE_SECRETS_DEFAULT_DIR changes the folder, FLYTE_SECRETS_FILE_PREFIX
/// stands before the last name.
SecretProvider file_secrets(const Environment& environment);

/// The two, in Flyte's order.
std::vector<SecretProvider> default_secret_providers(const Environment& environment);

/// The secret `ref` names: from the first provider that has it, or the standard output of
/// its command, run now, without a shell, with 30 seconds at most. Throws Error{kTask}
/// naming the group and key, and where was looked; never with a secret.
Secret resolve_secret(const SecretRef& ref, const std::vector<SecretProvider>& providers,
                      const std::stop_token& stop = {});

}  // namespace penstock
