#!/bin/sh
# exports.sh NM ARCHIVE... prints the version script of libplumb.so: the names of namespace plumb in the archives
# are seen from outside, those of the namespaces inside it that are no public interface, and all others, are not
# (but for plumb::detail: what is written in public headers calls it).
set -e
nm=$1
shift
hidden='3cli|3lab|3ref|3zoo|4fast|4page|5serve|5store|9page_pool|10zip_format|[0-9]+N_[A-Z0-9_]+'
echo '{ global:'
# A mangled name says its namespaces as lengths and words: _ZN5plumb6detail3fooEv. TV, TT, TI and TS are tables and
# names of types, GV guards; Th and Tv begin thunks.
"$nm" -g --defined-only "$@" 2>/dev/null |
  sed -nE 's/^[0-9a-f]+ [A-Za-z] (_Z.*)$/\1/p' |
  grep -E '^_Z(G[VR]|T[VTIS]|T[hv][n0-9_]*)?(N[VKRO]*)?5plumb|^_ZT[VTIS]N?5plumb' |
  grep -vE "5plumb($hidden)[0-9E]" |
  LC_ALL=C sort -u | sed 's/$/;/'
echo 'local: *; };'
