# Made by: python -m release.completion
_pantau_collector_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _PANTAU_COLLECTOR_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _pantau_collector_completion pantau-collector
