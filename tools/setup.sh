# Sourced by tools/quickstart and tools/check: what both need before they can start.
# shellcheck shell=bash disable=SC2086,SC2046  # lists of packages are split into words on purpose
#
# Silent while all is well; long output goes to a log in the build folder and is shown on failure.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# ccache refuses precompiled headers unless it may trust that they hold no __DATE__ or __TIME__.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

# Runs a command with its output in a log; where it fails, shows the end of the log and ends.
logged() {  # LOG WHAT_FAILED COMMAND...
  local log=$1 failure=$2
  shift 2
  mkdir -p "${log%/*}"
  "$@" >"$log" 2>&1 </dev/null || {
    tail -n 40 "$log" >&2
    die "$failure (whole output: $root/$log)"
  }
}

packages=(
  g++ meson ninja-build pkg-config ccache
  libboost-dev libeigen3-dev libgmp-dev libmpfr-dev libmpfi-dev libflint-dev
  libfmt-dev libtbb-dev librandom123-dev nlohmann-json3-dev libcli11-dev doctest-dev
  gnuplot-nox python3-jsonschema
)

installed_version() {  # PACKAGE: prints nothing unless it is installed
  # shellcheck disable=SC2016
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
    sed -n 's/^installed //p' || true
}

available_version() {  # PACKAGE: prints nothing where apt's sources do not have it
  LC_ALL=C apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

missing_of() {  # PACKAGE...: those that are not installed
  local package
  for package; do
    [ -n "$(installed_version "$package")" ] || echo "$package"
  done
}

available_of() {  # PACKAGE...: those that apt can install
  local package
  for package; do
    [ -z "$(available_version "$package")" ] || echo "$package"
  done
}

# Arb and Calcium are a part of FLINT 3; before it they are packages of their own.
flint_companions() {
  local flint
  flint=$(installed_version libflint-dev)
  [ -n "$flint" ] || flint=$(available_version libflint-dev)
  if [ -n "$flint" ] && dpkg --compare-versions "$flint" lt 3; then
    echo libflint-arb-dev libcalcium-dev
  fi
}

missing_packages() {
  missing_of "${packages[@]}" $(flint_companions)
}

# Prints why root's rights cannot be had; nothing where they can.
no_root_because() {
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "there is no sudo"
    elif [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
      echo "sudo wants a password with no terminal to ask for it"
    fi
  fi
}

apt_get() {
  local sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

# Installs the packages that are missing; asks neither the network nor for root where none is.
install_packages() {  # OPTIONAL_PACKAGE...: installed where that is possible
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    return 0  # not Debian or Ubuntu: configure says what is missing
  fi
  local needed optional unknown because
  needed=$(missing_packages)
  optional=$(available_of $(missing_of "$@"))
  [ -n "$needed$optional" ] || return 0

  because=$(no_root_because)
  if [ -n "$because" ]; then
    [ -n "$needed" ] || return 0
    die "packages are missing and $because; as root: apt-get install" $needed
  fi

  echo "installing packages ..."
  # Where one source fails the others may do; what cannot be found after all is told below.
  mkdir -p build
  apt_get update >build/apt-update.log 2>&1 </dev/null || true
  needed=$(missing_packages)
  optional=$(available_of $(missing_of "$@"))
  unknown=$(comm -23 <(sort <<<"$needed") <(available_of $needed | sort))
  [ -z "$unknown" ] ||
    die "apt does not find" $unknown "(no network? on Ubuntu: no \"universe\"?" \
      "see $root/build/apt-update.log)"
  logged build/apt-install.log "packages could not be installed" \
    apt_get install --no-install-recommends $needed $optional
}

# Configures a build folder unless it is configured already.
configure() {  # BUILD_DIR MESON_OPTION...
  local build=$1
  shift
  [ ! -f "$build/build.ninja" ] || return 0
  command -v meson >/dev/null ||
    die "no meson, and no apt-get to install it: docs/dependencies.md lists what is needed"
  logged "$build/configure.log" "could not configure; docs/dependencies.md lists what is needed" \
    meson setup "$build" "$@"
}

# Compiles what is out of date.
compile() {  # BUILD_DIR
  [ -f "$1/.ninja_log" ] || echo "compiling in $1/: minutes, the first time ..."
  logged "$1/compile.log" "could not compile" ninja -C "$1"
}
