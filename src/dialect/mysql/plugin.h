// libmariadb's plug-in interface, version 1.0, as its mysql/client_plugin.h declares it.
// That header cannot be used: it includes one (ma_compress.h) that is not installed.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <mysql.h>
// The next header needs it. NOLINTNEXTLINE(readability-identifier-naming)
using uchar = unsigned char;
#ifndef HAVE_TLS
#define HAVE_TLS
#endif
#include <ma_pvio.h>
#include <mysql/plugin_auth.h>

namespace penstock::mysql {

inline constexpr int kAuthenticationPlugin = 2;
inline constexpr int kSocketPlugin = 101;
inline constexpr unsigned kInterfaceVersion = 0x0100;

struct Plugin {
  int type;
  unsigned interface_version;
  const char* name;
  const char* author;
  const char* description;
  unsigned version[3];
  const char* license;
  void* mysql_api;
  int (*init)(char*, std::size_t, int, va_list);
  int (*deinit)();
  int (*options)(const char*, const void*);
};

struct AuthenticationPlugin {
  Plugin header;
  int (*authenticate)(MYSQL_PLUGIN_VIO*, MYSQL*);
};

struct SocketPlugin {
  Plugin header;
  st_ma_pvio_methods* methods;
};

}  // namespace penstock::mysql
