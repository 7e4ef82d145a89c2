// What is set up once a process: libmariadb, and our transport and authentication in it.
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <sys/socket.h>

#include <fmt/format.h>

#include "dialect/mysql/authentication.h"
#include "dialect/mysql/link.h"
#include "dialect/mysql/plugin.h"
#include "penstock/environment.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

constexpr char kProbeKey[] = "penstock-probe";

Link& link_of(MARIADB_PVIO* pvio) { return *static_cast<Link*>(pvio->data); }

// The functions of a PVIO (ma_pvio.h). Time limits are the Link's own.
my_bool set_timeout(MARIADB_PVIO*, enum_pvio_timeout, int) { return 0; }
int get_timeout(MARIADB_PVIO*, enum_pvio_timeout) { return -1; }
ssize_t read_some(MARIADB_PVIO* pvio, uchar* to, size_t room) {
  return link_of(pvio).read(to, room);
}
ssize_t write_some(MARIADB_PVIO* pvio, const uchar* from, size_t size) {
  return link_of(pvio).write(from, size);
}
int wait_for(MARIADB_PVIO* pvio, my_bool readable, int) {
  return link_of(pvio).until(readable != 0) ? 1 : -1;
}
int set_blocking(MARIADB_PVIO*, my_bool, my_bool* before) {
  if (before != nullptr) *before = 0;
  return 0;
}
my_bool close_link(MARIADB_PVIO*) { return 0; }  // the Link closes its socket
int nothing(MARIADB_PVIO*) { return 0; }
my_bool give_socket(MARIADB_PVIO* pvio, void* to) {
  *static_cast<my_socket*>(to) = link_of(pvio).socket();
  return 0;
}
my_bool never(MARIADB_PVIO*) { return 0; }
my_bool always(MARIADB_PVIO*) { return 1; }
my_bool no_data(MARIADB_PVIO*, ssize_t* size) {
  *size = 0;
  return 0;
}
int shut_down(MARIADB_PVIO* pvio) {
  link_of(pvio).cut();
  return 0;
}

// libmariadb keeps its plug-ins' tables of functions where it can change them, and so one
// for the process. The one that stands there now is a copy that differs in `connect`,
// which passes every connection that is not ours on.
st_ma_pvio_methods g_ours{};
st_ma_pvio_methods g_wrapped{};
my_bool (*g_original_connect)(MARIADB_PVIO*, MA_PVIO_CINFO*) = nullptr;

my_bool connect_wrapped(MARIADB_PVIO* pvio, MA_PVIO_CINFO* info) {
  void* probed = nullptr;
  if (info->mysql->options.extension != nullptr &&
      mysql_get_optionv(info->mysql, MARIADB_OPT_USERDATA, const_cast<char*>(kProbeKey),
                        &probed) == 0 &&
      probed != nullptr) {
    *static_cast<bool*>(probed) = true;
    return 1;
  }
  Link* link = Link::of(info->mysql);
  if (link == nullptr) return g_original_connect(pvio, info);
  pvio->data = link;
  pvio->mysql = info->mysql;
  pvio->type = info->type;
  pvio->methods = &g_ours;
  if (link->connect()) return 0;
  pvio->set_error(info->mysql, 2002, "HY000", "not connected");
  return 1;
}

bool wrap_socket_plugin(MYSQL* any) {
  auto* plugin = reinterpret_cast<SocketPlugin*>(
      mysql_client_find_plugin(any, "pvio_socket", kSocketPlugin));
  if (plugin == nullptr || plugin->methods == nullptr) return false;
  g_ours.set_timeout = set_timeout;
  g_ours.get_timeout = get_timeout;
  g_ours.read = read_some;
  g_ours.write = write_some;
  g_ours.wait_io_or_timeout = wait_for;
  g_ours.blocking = set_blocking;
  g_ours.connect = connect_wrapped;
  g_ours.close = close_link;
  g_ours.fast_send = nothing;
  g_ours.keepalive = nothing;
  g_ours.get_handle = give_socket;
  g_ours.is_blocking = never;
  g_ours.is_alive = always;
  g_ours.has_data = no_data;
  g_ours.shutdown = shut_down;
  g_original_connect = plugin->methods->connect;
  g_wrapped = *plugin->methods;
  g_wrapped.connect = connect_wrapped;
  std::atomic_ref<st_ma_pvio_methods*>(plugin->methods).store(&g_wrapped);
  return true;
}

// Connects to nowhere: the wrap must see it, with the name as given, and nothing else
// must.
bool wrap_holds() {
  bool seen = false;
  MYSQL* probe = mysql_init(nullptr);
  if (probe == nullptr) return false;
  const unsigned int protocol = MYSQL_PROTOCOL_TCP;
  mysql_optionsv(probe, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_optionsv(probe, MARIADB_OPT_USERDATA, const_cast<char*>(kProbeKey), &seen);
  const bool connected = mysql_real_connect(probe, "127.0.0.1", "probe", "", nullptr, 1,
                                            nullptr, 0) != nullptr;
  mysql_close(probe);
  return seen && !connected;
}

// MARIADB_PLUGIN_DIR and LIBMYSQL_PLUGINS make the library load code when it starts;
// MYSQL_PWD is a password for whoever gives none.
void refuse_foreign_environment() {
  const Environment environment = Environment::of_process();
  for (const char* name :
       {"MARIADB_PLUGIN_DIR", "LIBMYSQL_PLUGINS", "MYSQL_PWD", "LIBMYSQL_PLUGIN_DIR",
        "MARIADB_CLIENT_PLUGINS", "MARIADB_TLS_DISABLE_PEER_VERIFICATION"}) {
    if (!environment.get(name)) continue;
    throw Error(Category::kRefused, "foreign_driver_option",
                fmt::format("the variable {} would change what libmariadb loads, sends "
                            "or verifies",
                            name),
                fmt::format("unset {}", name));
  }
}

}  // namespace

void set_up_driver() {
  refuse_foreign_environment();
  static std::once_flag once;
  static bool good = false;
  std::call_once(once, [] {
    if (mysql_server_init(0, nullptr, nullptr) != 0) return;
    MYSQL* any = mysql_init(nullptr);
    if (any == nullptr) return;
    good = wrap_socket_plugin(any) && register_authentication(any);
    mysql_close(any);
    good = good && wrap_holds();
  });
  if (!good) {
    throw Error(Category::kUnexpected, "driver_not_wrapped",
                fmt::format("this libmariadb ({}) does not let its connections be pinned",
                            mysql_get_client_info()),
                "use libmariadb 3.3");
  }
}

}  // namespace penstock::mysql
