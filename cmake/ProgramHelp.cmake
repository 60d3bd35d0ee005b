# What the program says of itself, installed beside it: manual pages and completion for bash, zsh and fish.
set(help ${PROJECT_BINARY_DIR}/help)
set(bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
set(zsh ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
set(fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

add_custom_command(
  OUTPUT ${help}/plumb.bash ${help}/plumb.zsh ${help}/plumb.fish ${help}/man/plumb.1
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${help}/man
  COMMAND plumb_program manual ${help}/man
  COMMAND plumb_program completion bash > ${help}/plumb.bash
  COMMAND plumb_program completion zsh > ${help}/plumb.zsh
  COMMAND plumb_program completion fish > ${help}/plumb.fish
  DEPENDS plumb_program
  COMMENT "Writing the manual pages and completion" VERBATIM)
add_custom_target(plumb_program_help ALL DEPENDS ${help}/plumb.bash)

install(DIRECTORY ${help}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${help}/plumb.bash DESTINATION ${bash} RENAME plumb COMPONENT program)
install(FILES ${help}/plumb.zsh DESTINATION ${zsh} RENAME _plumb COMPONENT program)
install(FILES ${help}/plumb.fish DESTINATION ${fish} COMPONENT program)
