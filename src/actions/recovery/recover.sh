#!/bin/sh
# Restores a backup of duplicity without duplicity, with sh, gpg, GNU tar, rdiff, gzip and what every GNU system has.
# Usage: sh recover.sh DIRECTORY TARGET [TIME]
#   DIRECTORY  holds the files of the backup      TARGET  must not exist yet; TARGET.work is used meanwhile
#   TIME       an older state, in words that "date -d" reads: 2026-11-30, "3 days ago", @1764460800
# PASSPHRASE in the environment is used where it is set. Without it gpg finds the key, or asks.
manifests='' volumes='' # Prefixes of the names, of a backup that was made with --file-prefix
die() { printf 'recover: %s\n' "$*" >&2; exit 1; }
# inside: whether no symbolic link leads elsewhere on the way to $1. like: $2 gets owner, mode and time of $1.
inside() { way=$1; while [ "$way" != "${way%/*}" ]; do way=${way%/*}; [ ! -L "$tree/$way" ] || return 1; done; }
like() { { [ "$(id -u)" != 0 ] || chown --reference="$1" "$2"; } && chmod --reference="$1" "$2" && touch -r "$1" "$2"; }
readable() { : >"$work/like" && like "$1" "$work/like" && { [ -r "$1" ] || chmod u+r "$1"; }; }
change() { # The file $1 by the delta $2
  if [ -L "$1" ] || [ ! -f "$1" ]; then die "A backup changes $1, which is no file."; fi
  { [ -r "$1" ] || chmod u+r "$1"; } && readable "$2" && rdiff patch "$1" "$2" "$work/new" &&
    like "$work/like" "$work/new" && mv -f "$work/new" "$1" || die "The change of $1 does not fit."
}
case ${1-} in # What the script calls itself for, with many names at a time
  --room) shift; for f; do # What has become of another type makes room.
      there=$tree${f#"$from"}
      if [ -d "$f" ] && [ ! -L "$f" ]; then
        if [ -L "$there" ] || { [ -e "$there" ] && [ ! -d "$there" ]; }; then rm -f "$there" || exit 1
        elif [ -d "$there" ] && [ "$f" -nt "$work/mark" ]; then like "$there" "$f" && chmod u+rwx "$f" || exit 1; fi
      elif [ -d "$there" ] && [ ! -L "$there" ]; then rm -rf "$there" || exit 1; fi; done; exit ;;
  --join) shift; for d; do # The pieces of a file go behind those of the volumes before.
      cd "$d" || exit 1; first='' out=$work/joined/${d#"$work/volume/multivol_"}
      for n in [1-9]*; do
        case $n in *[!0-9]*) continue ;; esac
        if [ -f "$n" ] && { [ -z "$first" ] || [ "$n" -lt "$first" ]; }; then first=$n last=$n; fi
      done
      [ -n "$first" ] || continue
      while [ -f "$((last + 1))" ]; do last=$((last + 1)); done
      mkdir -p "${out%/*}" && readable "$last" && { [ -r "$first" ] || chmod u+r ./*; } &&
        { [ ! -e "$out" ] || [ -w "$out" ] || chmod u+w "$out"; } &&
        awk -v n="$first" -v last="$last" 'BEGIN { while (n <= last) print n++ }' | xargs cat >>"$out" &&
        like "$work/like" "$out" || exit 1; done; exit ;;
  --change) shift; for f; do
      inside "${f#"$from/"}" || die "A link leads elsewhere: $f"; change "$tree${f#"$from"}" "$f"; done; exit ;;
  --delete) shift; for f; do if inside "$f"; then rm -rf "$tree/${f:?}" || exit 1; fi; done; exit ;;
  --directory) shift; while [ $# -gt 2 ]; do # Mode, time and name
      ! inside "$3" || [ ! -d "$tree/$3" ] || [ -L "$tree${3:+/$3}" ] ||
        { chmod "$1" "$tree/$3" && touch -d "$2" "$tree/$3"; } || exit 1
      shift 3; done; exit
esac
each() { d=$1; shift; [ ! -d "$d" ] || find "$d" "$@" {} + || die "It ends here: see above."; }
put() { # What is new in $1 goes into the tree, by links, without copying. alter: so do changes.
  export from="$1"; if [ -d "$1" ] && [ ! -L "$1" ]; then
    each "$1" -mindepth 1 -exec sh "$self" --room; cp -al --remove-destination "$1/." "$tree/" || die "It ends here: see above."
  elif [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$tree" && mv "$1" "$tree" || exit 1; fi
}
alter() { export from="$1"; if [ -f "$1" ]; then change "$tree" "$1"; else each "$1" -type f -exec sh "$self" --change; fi; }
decode() { # The file $1 to $2
  case $1 in
    *.gpg | *.g) if [ -n "${PASSPHRASE-}" ]; then printf '%s\n' "$PASSPHRASE" |
        gpg -q --batch --yes --pinentry-mode loopback --passphrase-fd 0 --skip-verify -o "$2" -d "$1"
      else gpg -q --yes --skip-verify -o "$2" -d "$1"; fi ;;
    *.gz | *.z) gzip -dc <"$1" >"$2" ;; *) cat <"$1" >"$2" ;;
  esac || die "$1 cannot be decoded: it is damaged, or the key is another."
}
digits=0123456789abcdefghijklmnopqrstuvwxyz; epoch() { # A time as it stands in names: old, today's, short
  case $1 in
    *-*) set -- "$(echo "$1" | sed 's/^\(.\{10\}T..\).\(..\).\(..\)/\1:\2:\3/; s/\([-+]..\).\(..\)$/\1:\2/')" ;;
    *T*Z) set -- "$(echo "$1" | sed 's/T\(..\)\(..\)\(..\)Z/ \1:\2:\3 UTC/')" ;;
    *) set -- "@$(echo "$1" | awk -v d=$digits -v base="$2" '{
        for (; $1 != ""; $1 = substr($1, 2)) n = base * n + index(d, substr($1, 1, 1)) - 1; print n }')" ;;
  esac; date -d "$1" +%s
}
[ $# = 2 ] || [ $# = 3 ] || die "Usage: sh $0 DIRECTORY TARGET [TIME]"
for tool in tar gzip rdiff awk find xargs sha1sum; do command -v $tool >/dev/null || die "$tool is not installed."; done
directory=$(cd "$1" && pwd) && when=$(date -d "${3-9999-01-01}" +%s) || exit 1
case $2 in /*) target=${2%/} ;; *) target=$PWD/${2%/} ;; esac; case $0 in /*) self=$0 ;; *) self=$PWD/$0 ;; esac
{ [ ! -e "$target" ] && [ ! -L "$target" ]; } || die "$target is there already: name a place that is not."
umask 077; tab=$(printf '\t'); export LC_ALL=C TZ=UTC0 work="$target.work" tree="$target.work/tree"
mkdir "$work" "$tree" || die "Remove what an earlier try has left: $work"
trap 'find "$work" -type d ! -perm -700 -exec chmod u+rwx {} \;; rm -rf "$work"' EXIT; trap 'exit 130' HUP INT TERM
for path in "$directory/$manifests"*; do # All sets: end, start, manifest, beginning of the names of volumes, base of numbers
  stem=${path#"$directory/$manifests"} base=10
  case $stem in
    duplicity-full.*.manifest | duplicity-full.*.manifest.gpg | duplicity-full.*.manifest.gz | \
    duplicity-inc.*.manifest | duplicity-inc.*.manifest.gpg | duplicity-inc.*.manifest.gz)
      stem=${stem%.manifest*} times=${stem#duplicity-*.} ;;
    d[fi].*.m | d[fi].*.m.[gz]) base=36 stem=${stem%.m*} times=$(echo "${stem#d?.}" | sed 's/\./.to./') ;;
    *) continue ;;
  esac
  case $times in *.to.*) start=$(epoch "${times%.to.*}" $base) ;; *) start=full ;; esac; end=$(epoch "${times#*.to.}" $base)
  [ "${end:-$((when + 1))}" -gt "$when" ] || echo "$end$tab$start$tab${path#"$directory/"}$tab$volumes$stem$tab$base"
done | sort -n | awk -F'\t' ' # The newest full one, and what builds on it
  $2 == "full" { n = 0 }
  $2 == "full" || n && $2 == last { start = $2; last = $1; chain[++n] = $0; lost = ""; next }
  n > 1 && $2 == start { last = $1; chain[n] = $0; lost = ""; next } # It stands for the one before.
  { lost = $3 }
  END { if (lost != "") print lost " builds on a backup that is not here." >"/dev/stderr"
    else for (i = 1; i <= n; i++) print chain[i] }' >"$work/chain"
[ -s "$work/chain" ] || die "There is nothing whole to restore up to that time: fetch what is missing, or name another."
while IFS=$tab read -r end start name stem base; do # All volumes are looked for before anything is restored.
  decode "$directory/$name" "$work/manifest"
  awk -v d=$digits -v base="$base" 'tolower($1) == "volume" { n = $2 + 0; sum[n] = "-" }
    tolower($1) == "hash" && $2 == "SHA1" { sum[n] = $3 }
    END { for (i = 1; i <= n; i++) { s = ""
      for (k = i; k; k = int(k / base)) s = substr(d, k % base + 1, 1) s; print s, (i in sum ? sum[i] : "-") } }' \
    "$work/manifest" | while read -r number sum; do
    [ "$base" = 10 ] && volume=$stem.vol$number.difftar || volume=$stem.$number.dt
    for suffix in '' .gpg .gz .g .z none; do [ ! -f "$directory/$volume$suffix" ] || break; done
    [ "$suffix" != none ] || die "Volume $number of $name is missing: fetch $volume.*, or name a time before."
    printf '%s\t%s\n' "$sum" "$volume$suffix"
  done >"$work/volumes.$end" && [ -s "$work/volumes.$end" ] || die "$name cannot be restored."
done <"$work/chain" || exit 1
while IFS=$tab read -r end start name stem base; do
  rm -rf "$work/joined" && mkdir "$work/joined" && : >"$work/list" >"$work/deleted" || exit 1
  while IFS=$tab read -r sum volume; do
    [ "$sum" = - ] || [ "$(sha1sum <"$directory/$volume")" = "$sum  -" ] ||
      die "$volume is damaged: fetch it again, or name a time before."
    decode "$directory/$volume" "$work/tar"; [ -s "$work/tar" ] || continue
    rm -rf "$work/volume" && mkdir "$work/volume" && touch -d '2 seconds ago' "$work/mark" || exit 1
    tar -xpRvvf "$work/tar" -C "$work/volume" --delay-directory-restore --full-time --quoting-style=escape --quote-chars=' ' \
      --warning=no-timestamp --warning=no-unknown-keyword --transform='flags=r;s,^deleted/.*,gone,' >"$work/out" 2>"$work/said"
    status=$?; set -- $(awk 'what { print what, $2 - int((size + 511) / 512), size; exit }
      /[0-9] (snapshot|diff)\/$/ { what = $NF; size = $5 }' "$work/out")
    refused=$(grep -v -e 'Cannot mknod' -e 'Exiting with failure' "$work/said")
    [ $status = 0 ] || [ $# = 3 ] || [ -z "$refused" ] || die "$volume could not be unpacked: $refused"
    cat "$work/said" >>"$work/notes"; cat "$work/out" >>"$work/list"
    # A backup of nothing but a file: tar takes the slash behind its empty name for the sign of a directory.
    [ $# = 0 ] || { tail -c +$(($2 * 512 + 1)) "$work/tar" | head -c "$3" >"$work/joined/${1%/}" &&
      like "$work/volume/$1" "$work/joined/${1%/}" && rmdir "$work/volume/$1" || exit 1; }
    find "$work/volume" -type d ! -perm -700 -exec chmod u+rwx {} \;
    for d in "$work/volume/multivol_"*; do each "$d" -type d -exec sh "$self" --join; done
    put "$work/volume/snapshot"; alter "$work/volume/diff"
  done <"$work/volumes.$end" || exit 1
  state=$(date -d "@$end")
  awk -v work="$work" 'function bad(why) { print "recover: " why ": " name >"/dev/stderr"; exit 1 }
    match($0, / [0-9,]+ [0-9]+-[0-9][0-9]-[0-9][0-9] [0-9:.]+ /) {
      name = substr($0, RSTART + RLENGTH); split(substr($0, RSTART, RLENGTH), f, " "); sub(/ -> .*/, "", name)
      if (name !~ /^(snapshot|diff|deleted|multivol_snapshot|multivol_diff)\//) bad("of a kind that is not known")
      path = name; sub(/^[^\/]*\/(\.\/)?/, "", path); sub(/\/$/, "", path); gsub(/%/, "%%", path); gsub(/\\ /, "\\040", path)
      if (name !~ /^multivol/) piece = 0
      else { n = path; sub(/.*\//, "", n); sub(/\/?[0-9]+$/, "", path); piece = path == last ? piece + 1 : 1
        if (n != piece) bad("a piece is missing before"); last = path }
      if (name ~ /^deleted/) print path >(work "/deleted"); if ($3 !~ /^d/) { print "-\t-\t" path; next }
      mode = $3; m = 0; for (i = 2; i <= 10; i++) m = 2 * m + (substr(mode, i, 1) !~ /[-ST]/)
      m += 2048 * (mode ~ /^...[sS]/) + 1024 * (mode ~ /^......[sS]/) + 512 * (mode ~ /[tT]$/)
      printf "%o\t%s %s\t%s\n", m, f[2], f[3], path }' "$work/list" >>"$work/paths" || exit 1
  while read -r path; do printf "$path\\0"; done <"$work/deleted" | xargs -0 sh "$self" --delete || exit 1
  put "$work/joined/snapshot"; alter "$work/joined/diff"
done <"$work/chain" || exit 1
awk -F'\t' '$1 == "-" { delete newest[$3]; next } { newest[$3] = $0 } END { for (i in newest) print newest[i] }' "$work/paths" |
  sort -r -t "$tab" -k 3 | while IFS=$tab read -r mode time path; do printf '%s\0%s\0' "$mode" "$time"
  printf "$path\\0"; done | xargs -0 -n 300 sh "$self" --directory || exit 1
mv "$tree" "$target" || exit 1
! grep -s 'Cannot mknod' "$work/notes" >&2 || die "Those could not be made; all else is in $target."
echo "Restored to $target: the state of $state."
