# Shared by the scripts: where things are, what has to be installed, how it is said. Sourced, not run.
set -eu
cd "$(dirname "$0")/.."
ROOT=$PWD
export LC_ALL=C.UTF-8

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libevent-dev libpq-dev zlib1g-dev libjansson-dev libcurl4-openssl-dev
  libsqlite3-dev libyaml-dev libxxhash-dev libssl-dev librdkafka-dev ca-certificates"
DEMO_PACKAGES="python3 python3-venv python3-pip"
TEST_PACKAGES="libcriterion-dev clang libclang-rt-14-dev clang-format clang-tidy cppcheck universal-ctags git python3 python3-venv python3-pip
  default-jre-headless maven chromium prometheus prometheus-alertmanager postgresql pgbouncer
  debootstrap buildah bubblewrap binutils curl systemd sqlite3"

# Installs Debian packages that are not there yet.
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "this needs Debian's packages:$missing"
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  say "installing$missing"
  $sudo apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >&2
}

# Builds one preset; everything, or the targets that are named.
build() {
  preset=$1
  shift
  say "configuring $preset" # each time: what was not installed when it was configured first may be there now
  cmake --preset "$preset" >/dev/null
  say "building $preset${*:+: $*}"
  if [ $# -gt 0 ]; then
    cmake --build --preset "$preset" --target "$@" >&2
  else
    cmake --build --preset "$preset" >&2
  fi
}

# A virtual environment with the pinned packages of a requirements file.
need_venv() {
  requirements=$1
  stamp=.venv/$(sha256sum "$requirements" | cut -c1-16)
  [ -f "$stamp" ] && return 0
  say "preparing the Python environment of $requirements"
  python3 -m venv .venv
  .venv/bin/python -m pip install -q --disable-pip-version-check -r "$requirements" >&2
  touch "$stamp"
}
