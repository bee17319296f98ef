# Made by: python -m release.completion
_pantau_agent_completion() {
    local IFS=$'
'
    COMPREPLY=( $( env COMP_WORDS="${COMP_WORDS[*]}" \
                   COMP_CWORD=$COMP_CWORD \
                   _PANTAU_AGENT_COMPLETE=complete_bash $1 ) )
    return 0
}

complete -o default -F _pantau_agent_completion pantau-agent
