#!/bin/bash
# Installs the build into an empty folder and builds a program of somebody else's against it, with
# nothing but the installed files and the flags of sigmahat.pc; then compares what it prints.
# expected.txt is not the library's: the closed forms of MATH.md 2, their digits by mpmath.
# usage: install.sh MESON BUILD_DIR SOURCE_DIR SANITIZERS   (SANITIZERS as in -Db_sanitize)
set -euo pipefail
meson=$1 build=$2 source=$3 sanitizers=$4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$source"/tests/install/consumer/* "$work"
cd "$work"

# The README shows this program and its output.
sed -n '/^```cpp$/,/^```$/p' "$source/README.md" | sed '1d;$d' | diff consumer.cpp -
sed -n '/^    \$ c++.*consumer/,/^$/p' "$source/README.md" | sed '1d;/^$/d;s/^    //' | diff expected.txt -

"$meson" install -C "$build" --destdir "$work/stage" --quiet
pc=$(find stage -name sigmahat.pc)
prefix=$work/stage$(sed -n 's/^prefix=//p' "$pc")
sed -i "s|^prefix=.*|prefix=$prefix|" "$pc"
export PKG_CONFIG_PATH=$work/${pc%/*}:${PKG_CONFIG_PATH:-}
libdir=$(pkg-config --variable=libdir sigmahat)

compile=("${CXX:-c++}" -std=c++20 -Wall -Wextra -Werror)
[ "$sanitizers" = none ] || compile+=("-fsanitize=$sanitizers")

# shellcheck disable=SC2046  # pkg-config's words are split on purpose
build_and_run() {  # NAME PKG_CONFIG_OPTION...
  local name=$1
  shift
  "${compile[@]}" consumer.cpp -o "$name" $(pkg-config "$@" --cflags --libs sigmahat)
  LD_LIBRARY_PATH=$libdir:${LD_LIBRARY_PATH:-} "./$name" >"$name.out"
  diff expected.txt "$name.out"
  echo "$name: as expected"
}

# No installed header needs one that is not installed.
includedir=$(pkg-config --variable=includedir sigmahat)
find "$includedir/sigmahat" -name '*.hpp' -printf '#include <sigmahat/%P>\n' >headers.cpp
# shellcheck disable=SC2046
"${compile[@]}" -fsyntax-only headers.cpp $(pkg-config --cflags sigmahat)
echo "$(wc -l <headers.cpp) headers: compile"

built=0
if [ -e "$libdir/libsigmahat.so" ]; then
  build_and_run shared
  built=1
fi
if [ -e "$libdir/libsigmahat.a" ]; then
  rm -f "$libdir"/libsigmahat.so*
  build_and_run static --static
  built=1
fi
[ $built = 1 ] || { echo "no library in $libdir"; exit 1; }
