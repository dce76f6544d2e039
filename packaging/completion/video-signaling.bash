# bash completion of video-signaling: its flags and what they take, as the installed program tells them.
_video_signaling()
{
	local current=$2 previous=$3 choices
	COMPREPLY=()
	case $previous in
	-c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--www)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--user)
		mapfile -t COMPREPLY < <(compgen -u -- "$current")
		return
		;;
	--?*)
		# `  --log-level error|warn|info  how much is logged`: one of these; another word in its place: anything.
		choices=$("$1" --help 2>/dev/null | sed -n "s/^  *\(-., \)\{0,1\}$previous \([^ ]*\).*/\2/p")
		[[ $choices == *'|'* ]] && mapfile -t COMPREPLY < <(compgen -W "${choices//|/ }" -- "$current")
		[[ -n $choices ]] && return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "-n -c -h -V $("$1" --help 2>/dev/null | grep -oE '^ +(-., )?--[a-z-]+' |
		grep -oE -- '--[a-z-]+')" -- "$current")
}
complete -F _video_signaling video-signaling
