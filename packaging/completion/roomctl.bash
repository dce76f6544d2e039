# bash completion for roomctl(1)

# The rooms of the server that the words so far name.
_roomctl_rooms() {
	local i socket=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket) socket=(-s "${COMP_WORDS[i + 1]}") ;;
		esac
	done
	roomctl "${socket[@]}" --json "$@" 2>/dev/null
}

_roomctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local i command='' count=0 room='' values=''
	local commands='status list show top watch trace kick close drain undrain log settings token help'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | --sort | --filter | --members | --limit | --interval | --for | --timeout | --room | --sub | --ttl | --key | --iss | --aud) ((i++)) ;;
		-*) ;;
		*)
			[ -n "$command" ] && ((count++))
			[ "$count" = 1 ] && room=${COMP_WORDS[i]}
			[ -z "$command" ] && command=${COMP_WORDS[i]}
			;;
		esac
	done
	COMPREPLY=()
	case $before in
	-s | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--sort) values='room members age messages bytes number' ;;
	--key)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--filter | --members | --limit | --interval | --for | --timeout | --sub | --ttl | --iss | --aud) return ;;
	--room) values=$(_roomctl_rooms list | grep -o '"room":"[^"]*"' | cut -d '"' -f 4) ;;
	*)
		case $command:$count in
		:*) values=$commands ;;
		help:0) values=$commands ;;
		log:0) values='error warn info debug trace' ;;
		show:0 | trace:0 | close:0 | kick:0)
			values=$(_roomctl_rooms list | grep -o '"room":"[^"]*"' | cut -d '"' -f 4)
			;;
		kick:1) values=$(_roomctl_rooms show "$room" | grep -oE '"(client|label)":"[^"]*"' | cut -d '"' -f 4) ;;
		esac
		;;
	esac
	case $word:$command in
	-*:list) values='--sort --filter --members --limit --json --help' ;;
	-*:top) values='--sort --filter --members --limit --interval --json --help' ;;
	-*:watch | -*:trace) values='--for --json --help' ;;
	-*:drain) values='--wait --timeout --json --help' ;;
	-*:token) values='--room --sub --ttl --key --iss --aud --json --help' ;;
	-*) values='--socket --json --help --version' ;;
	esac
	local IFS=$'\n'
	# shellcheck disable=SC2086 # a word each, or (rooms) a line each
	values=$(case $values in *$'\n'*) echo "$values" ;; *) printf '%s\n' "${values// /$'\n'}" ;; esac)
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
}

complete -F _roomctl roomctl
