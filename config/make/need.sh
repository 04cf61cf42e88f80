#!/bin/sh
# Installs what is missing: need.sh THING=PACKAGE... [-- THING=PACKAGE...]
# A THING is a command, the path of a file, or a command line that succeeds where it is; a PACKAGE is Debian's name.
# Behind -- stand wishes: without them it goes on.
set -eu
PATH=$PATH:/usr/sbin:/sbin

there() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *\ *) sh -c "$1" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

needs= wishes= wish=
for pair; do
    if [ "$pair" = -- ]; then
        wish=yes
    elif there "${pair%%=*}"; then
        :
    elif [ "$wish" ]; then
        wishes="$wishes ${pair#*=}"
    else
        needs="$needs ${pair#*=}"
    fi
done
packages=$(printf '%s\n' $needs $wishes | sort -u | tr '\n' ' ')
packages=${packages% }
[ "$packages" ] || exit 0

# Nothing can be installed: that matters only when something is needed.
without() {
    if [ "$needs" ]; then
        echo "make: missing:$needs${wishes:+ (and wanted:$wishes)}. $1" >&2
        exit 1
    fi
    echo "make: going on without:$wishes. $1" >&2
    exit 0
}

command -v apt-get >/dev/null 2>&1 ||
    without "This is no Debian or Ubuntu: install what they are called here, then try again."
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null 2>&1; then
    root=sudo
    [ "${CI:-}" != true ] || root='sudo -n'
else
    without "As root: apt-get install $packages"
fi
if [ "${CI:-}" != true ]; then
    [ -t 0 ] || without "Nobody is here to ask; set CI=true to install without asking, or as root: apt-get install $packages"
    printf 'This needs packages of your distribution: %s. Install them? [Y/n] ' "$packages"
    read -r answer
    case $answer in
    '' | [yY]*) ;;
    *) without "You did not want them installed." ;;
    esac
fi
# Questions of packages get the answers that they ship with: whether others than root may capture, for one, is no.
apt_get() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null >/dev/null
}
echo "Installing $packages ..." >&2
apt_get update || true # what is known already may do
apt_get install -y --no-install-recommends $packages || without "apt-get could not install them: see above."
