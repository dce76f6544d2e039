# fish completion for roomctl(1)
function __roomctl_values --description 'rooms, or the clients of a room'
    roomctl --json $argv 2>/dev/null | grep -oE '"(room|client|label)":"[^"]*"' | cut -d '"' -f 4
end

set -l commands status list show top watch trace kick close drain undrain log settings
complete -c roomctl -f
complete -c roomctl -s s -l socket -r -F -d 'the control socket'
complete -c roomctl -l json -d 'print JSON'
complete -c roomctl -s h -l help -d 'explain'
complete -c roomctl -s V -l version -d 'the version'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a status -d 'version, processes, sandbox, limits'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a list -d 'all rooms'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a show -d 'who is in a room'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a top -d 'the list, live'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a watch -d 'what happens'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a trace -d 'the signaling of a room'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a kick -d 'end one connection'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a close -d 'end a room'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a drain -d 'take no new rooms'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a undrain -d 'take new rooms again'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a log -d 'change the log level'
complete -c roomctl -n "not __fish_seen_subcommand_from $commands" -a settings -d 'all settings in force'
complete -c roomctl -n '__fish_seen_subcommand_from show trace close kick' -a '(__roomctl_values list)'
complete -c roomctl -n '__fish_seen_subcommand_from kick' -a '(__roomctl_values show (commandline -opc)[-1])'
complete -c roomctl -n '__fish_seen_subcommand_from log' -a 'error warn info debug trace'
complete -c roomctl -n '__fish_seen_subcommand_from list top' -l sort -x -a 'room members age messages bytes number'
complete -c roomctl -n '__fish_seen_subcommand_from list top' -l filter -x -d 'text in the name'
complete -c roomctl -n '__fish_seen_subcommand_from list top' -l members -x -d 'at least so many'
complete -c roomctl -n '__fish_seen_subcommand_from list top' -l limit -x -d 'at most so many'
complete -c roomctl -n '__fish_seen_subcommand_from top' -l interval -x -d 'seconds between two looks'
complete -c roomctl -n '__fish_seen_subcommand_from watch trace' -l for -x -d 'seconds'
complete -c roomctl -n '__fish_seen_subcommand_from drain' -l wait -d 'until the last room has ended'
complete -c roomctl -n '__fish_seen_subcommand_from drain' -l timeout -x -d 'seconds at most'
